package io.moodline.sink;

import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import io.moodline.sink.FaceOverlay.Mark;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * One frame with the faces that were found in it, as viewers may see it. What is drawn is drawn
 * once for all viewers. Thread-safe.
 */
final class PreviewPicture {
  private static final float QUALITY = 0.8f;

  private final byte[] source;
  private final FrameFaces faces;
  private final List<Mark> hidden;
  private final boolean showFaces;
  private byte @Nullable [] plain;
  private byte @Nullable [] drawn;

  /**
   * A picture.
   *
   * @param source the frame's JPEG
   * @param faces what was found in this very frame
   * @param before faces of the frame before, which are hidden here too: a detector that loses a
   *     face for a moment does not show it
   * @param showFaces whether the stream lets faces be seen
   */
  PreviewPicture(byte[] source, FrameFaces faces, @Nullable FrameFaces before, boolean showFaces) {
    this.source = source;
    this.faces = faces;
    this.showFaces = showFaces;
    List<Mark> all = new ArrayList<>(marks(faces));
    if (before != null) {
      all.addAll(marks(before));
    }
    this.hidden = List.copyOf(all);
  }

  /**
   * Whether anyone may see the frame: where faces are hidden, it has to be known where they are.
   */
  static boolean isShown(FrameFaces faces, boolean showFaces) {
    return showFaces || faces.getOutcome() == Outcome.ANALYSED;
  }

  FrameFaces frame() {
    return faces;
  }

  /** The JPEG. */
  synchronized byte[] jpeg(boolean overlay) throws IOException {
    if (overlay) {
      drawn = drawn == null ? draw(true) : drawn;
      return drawn;
    }
    plain = plain == null ? draw(false) : plain;
    return plain;
  }

  private byte[] draw(boolean overlay) throws IOException {
    if (showFaces && !overlay || hidden.isEmpty()) {
      return source;
    }
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(source));
    if (image == null) {
      throw new IOException("the frame is no picture");
    }
    if (!showFaces) {
      FaceOverlay.pixelate(image, hidden);
    }
    if (overlay) {
      FaceOverlay.draw(image, image.getHeight(), marks(faces), true);
    }
    return encode(image);
  }

  private static byte[] encode(BufferedImage image) throws IOException {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (var out = new MemoryCacheImageOutputStream(bytes)) {
      ImageWriteParam parameters = writer.getDefaultWriteParam();
      parameters.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
      parameters.setCompressionQuality(QUALITY);
      writer.setOutput(out);
      writer.write(null, new IIOImage(image, null, null), parameters);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  private static List<Mark> marks(FrameFaces frame) {
    return frame.getFaces().stream().map(face -> mark(frame, face)).toList();
  }

  private static Mark mark(FrameFaces frame, Face face) {
    Optional<Integer> best =
        face.getReasons().isEmpty() && !face.getScores().isEmpty()
            ? Optional.of(indexOfLargest(face.getScores()))
            : Optional.empty();
    return new Mark(
        face.getBox().getX(),
        face.getBox().getY(),
        face.getBox().getWidth(),
        face.getBox().getHeight(),
        best.map(frame.getLabels()::get).orElse(""),
        best.map(face.getScores()::get).orElse(0f),
        "");
  }

  private static int indexOfLargest(List<Float> scores) {
    int best = 0;
    for (int i = 1; i < scores.size(); i++) {
      best = scores.get(i) > scores.get(best) ? i : best;
    }
    return best;
  }
}
