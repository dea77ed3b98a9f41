package io.moodline.deploy;

import io.moodline.analyzer.PredictedFace;
import io.moodline.models.Bundle;
import io.moodline.runtime.UserException;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;

/**
 * Writes what a model saw of faces as {@code NAME-face-1.png}, ...: every grey level as the network
 * got it. Confined to one thread.
 *
 * @param folder is made if it is not there; files of the same name are overwritten
 * @param names how often a picture's name came, since two folders may hold the same one
 */
record CropFiles(Path folder, int width, int height, Map<String, Integer> names) {
  static CropFiles in(Path folder, Bundle bundle) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw unwritable(folder, e);
    }
    return new CropFiles(folder, bundle.inputWidth(), bundle.inputHeight(), new HashMap<>());
  }

  void write(Path picture, List<PredictedFace> faces) {
    String name = String.valueOf(picture.getFileName());
    int times = names.merge(name, 1, Integer::sum);
    String stem = times == 1 ? name : name + "-" + times;
    for (int i = 0; i < faces.size(); i++) {
      Path file = folder.resolve(stem + "-face-" + (i + 1) + ".png");
      write(file, width, height, faces.get(i).crop().pixels());
    }
  }

  /** Writes one picture, uint8 [height, width, 3], RGB. */
  static void write(Path file, int width, int height, byte[] rgb) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < width * height; i++) {
      int red = rgb[3 * i] & 0xff;
      int green = rgb[3 * i + 1] & 0xff;
      image.setRGB(i % width, i / width, red << 16 | green << 8 | (rgb[3 * i + 2] & 0xff));
    }
    try {
      ImageIO.write(image, "png", file.toFile());
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  private static UserException unwritable(Path path, IOException e) {
    return new UserException(path + " can not be written: " + e.getMessage(), e);
  }
}
