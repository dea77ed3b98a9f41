package io.moodline.sink;

import io.moodline.schemas.StreamIds;
import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether a record that could be read also makes sense: everything behind it relies on this check,
 * so that no record of a topic can stop the topology or poison a sum. Thread-safe.
 */
final class FrameCheck {
  private static final Instant EARLIEST = Instant.parse("0001-01-01T00:00:00Z");
  private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

  /** Boxes may lie outside the picture in part, but not so many pictures away. */
  private static final float FAR = 100;

  private FrameCheck() {}

  static boolean isConsistent(byte @Nullable [] key, FrameFaces frame) {
    return hasIdentity(key, frame)
        && hasTime(frame)
        && areCounts(frame.getDroppedBefore())
        && (frame.getEndOfRun() != null || hasOutcome(frame));
  }

  private static boolean hasIdentity(byte @Nullable [] key, FrameFaces frame) {
    return StreamIds.PATTERN.matcher(frame.getStreamId()).matches()
        && Arrays.equals(key, frame.getStreamId().getBytes(StandardCharsets.UTF_8))
        && !frame.getRunId().isEmpty()
        && frame.getRunId().length() <= 64
        && frame.getRunId().indexOf('/') < 0
        && frame.getSequence() >= 0;
  }

  private static boolean hasTime(FrameFaces frame) {
    return frame.getCaptureTime().isAfter(EARLIEST) && frame.getCaptureTime().isBefore(LATEST);
  }

  private static boolean areCounts(Map<String, Long> counts) {
    return counts.values().stream().allMatch(count -> count >= 0);
  }

  private static boolean hasOutcome(FrameFaces frame) {
    double rate = frame.getTargetFramesPerSecond();
    return frame.getOutcome() != null
        && rate > 0
        && rate <= 1000
        && frame.getFaces().stream().allMatch(face -> hasPlace(face.getBox()))
        && frame.getFaces().stream().allMatch(face -> hasScores(face, frame.getLabels().size()));
  }

  private static boolean hasPlace(Box box) {
    return Math.abs(box.getX()) <= FAR
        && Math.abs(box.getY()) <= FAR
        && box.getWidth() > 0
        && box.getWidth() <= FAR
        && box.getHeight() > 0
        && box.getHeight() <= FAR;
  }

  /** A face that nobody classified must say why. */
  private static boolean hasScores(Face face, int labels) {
    if (face.getScores().isEmpty()) {
      return !face.getReasons().isEmpty();
    }
    return face.getScores().size() == labels
        && face.getScores().stream().allMatch(score -> score >= 0 && score <= 1.001f);
  }
}
