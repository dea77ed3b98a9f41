package io.moodline.deploy;

import io.moodline.analyzer.FaceCrops;
import io.moodline.models.Bundle;
import io.moodline.models.LabelledPictures;
import io.moodline.models.ModelVariants.LabelledFaces;
import io.moodline.runtime.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Face crops read into memory, as many as may lie there at once. Confined to one thread.
 *
 * @param bundle whose input the faces become
 * @param crops reads their files; the caller closes it
 */
record FaceFolder(Bundle bundle, FaceCrops crops) {
  private static final long MOST_BYTES = 96L << 20;

  /** How many faces of the bundle's size may be in memory. */
  int most() {
    return (int) Math.max(1, MOST_BYTES / (3L * bundle.inputWidth() * bundle.inputHeight()));
  }

  LabelledFaces labelled(LabelledPictures pictures) {
    LabelledPictures some = pictures.atMost(most());
    List<byte[]> faces = new ArrayList<>();
    int[] truth = new int[some.pictures().size()];
    for (LabelledPictures.Picture picture : some.pictures()) {
      truth[faces.size()] = picture.truth();
      faces.add(face(picture.file()));
    }
    return new LabelledFaces(some.name(), faces, truth);
  }

  List<byte[]> faces(List<Path> files) {
    return files.stream().map(this::face).toList();
  }

  private byte[] face(Path file) {
    return crops
        .read(PictureBytes.read(file), file.toString())
        .map(FaceCrops.FaceCrop::pixels)
        .orElseThrow(() -> new UserException("picture '" + file + "' shows no face"));
  }
}
