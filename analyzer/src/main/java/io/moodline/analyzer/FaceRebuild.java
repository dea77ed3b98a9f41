package io.moodline.analyzer;

import io.moodline.analyzer.DetectThreads.FramePicture;
import io.moodline.analyzer.Sighting.CroppedFace;
import io.moodline.models.Bundle;
import io.moodline.models.Devices;
import io.moodline.models.FaceQuality;
import io.moodline.models.Gate;
import io.moodline.runtime.UserException;
import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.Frame;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * What a bundle makes of a face that was found before: the frame decoded, the face cut out where
 * the outcome says that it is, scored and judged again by the code of the service. Thread-safe.
 *
 * @param crop uint8 [height, width, 3], RGB: the network's input
 * @param tensorSha256 of those bytes, hexadecimal
 * @param scores in the bundle's order
 * @param withheld why the label is not said; empty where it is
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record FaceRebuild(
    byte[] crop,
    String tensorSha256,
    float[] scores,
    FaceQuality quality,
    List<Gate.Reason> withheld) {

  /**
   * Goes the way from frame to scores once more.
   *
   * @param detector that found the face
   * @param frame with a plain picture
   * @throws UserException when the frame is no usable picture
   */
  public static FaceRebuild of(Bundle bundle, String detector, Frame frame, Face face) {
    Picture picture;
    try {
      picture = new FramePicture(frame, null).decode();
    } catch (UnusablePictureException e) {
      throw new UserException("the frame can not be decoded: " + e.getMessage(), e);
    }
    try (Model model = Model.open(bundle, detector, Devices.cpu(1))) {
      CroppedFace cropped = model.cropper().crop(picture, located(picture, face));
      float[] scores = model.score(List.of(cropped))[0];
      return new FaceRebuild(
          cropped.pixels(),
          sha256(cropped.pixels()),
          scores,
          cropped.quality(),
          bundle.gate().judge(cropped.quality(), scores));
    }
  }

  private static LocatedFace located(Picture picture, Face face) {
    Box box = face.getBox();
    float[] landmarks = new float[face.getLandmarks().size()];
    for (int i = 0; i < landmarks.length; i++) {
      int extent = i % 2 == 0 ? picture.width() : picture.height();
      landmarks[i] = face.getLandmarks().get(i) * extent;
    }
    PixelBox pixels =
        new PixelBox(
            (double) box.getX() * picture.width(),
            (double) box.getY() * picture.height(),
            (double) box.getWidth() * picture.width(),
            (double) box.getHeight() * picture.height());
    return new LocatedFace(pixels, landmarks, face.getFaceScore());
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
