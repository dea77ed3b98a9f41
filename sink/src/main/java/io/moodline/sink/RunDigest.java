package io.moodline.sink;

import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * One number for everything that a run found: a chain of SHA-256 over its frames in order. The ids
 * of stream and run stay out, so the same recording with the same model gives the same digest each
 * time. Thread-safe.
 */
final class RunDigest {
  private RunDigest() {}

  /** The digest with one more frame; hexadecimal, empty before the first. */
  static String next(String before, FrameFaces frame) {
    MessageDigest digest = sha256();
    add(digest, before);
    add(digest, frame.getSequence());
    add(digest, frame.getMediaTimeMicros());
    add(digest, frame.getCaptureTime().getEpochSecond());
    add(digest, frame.getCaptureTime().getNano());
    add(digest, String.valueOf(frame.getOutcome()));
    add(digest, frame.getReason());
    add(digest, frame.getDetector());
    add(digest, frame.getModelDigest());
    frame.getLabels().forEach(label -> add(digest, label));
    frame.getFaces().forEach(face -> add(digest, face));
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void add(MessageDigest digest, Face face) {
    add(digest, face.getBox().getX());
    add(digest, face.getBox().getY());
    add(digest, face.getBox().getWidth());
    add(digest, face.getBox().getHeight());
    add(digest, face.getFaceScore());
    add(digest, face.getScores().size());
    face.getScores().forEach(score -> add(digest, score));
    add(digest, face.getReasons().size());
    face.getReasons().forEach(reason -> add(digest, reason));
  }

  private static void add(MessageDigest digest, long value) {
    digest.update(ByteBuffer.allocate(8).putLong(value).array());
  }

  private static void add(MessageDigest digest, float value) {
    add(digest, (long) Float.floatToIntBits(value));
  }

  /** With its length in front, so that no two lists of texts read the same. */
  private static void add(MessageDigest digest, @Nullable String text) {
    byte[] bytes = text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
    add(digest, (long) bytes.length);
    digest.update(bytes);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
