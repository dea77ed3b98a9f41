package io.moodline.sink;

import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FaceEmotion;
import io.moodline.schemas.v1.FrameFaces;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Makes the public events of a frame: one per face. Thread-safe. */
final class FaceEvents {
  private FaceEvents() {}

  /**
   * Events in the order of the frame's faces.
   *
   * @param tracks track of each followed face, by its index
   * @param beliefs probability of each label over the track, by the face's index; empty where
   *     nothing is told
   */
  static List<FaceEmotion> of(
      FrameFaces frame, Map<Integer, Long> tracks, Map<Integer, List<Double>> beliefs) {
    return IntStream.range(0, frame.getFaces().size())
        .mapToObj(i -> event(frame, i, tracks.get(i), beliefs.getOrDefault(i, List.of())))
        .toList();
  }

  /** Key of an event: {@code stream/run/sequence/face}. */
  static byte[] key(FaceEmotion event) {
    return String.join(
            "/",
            event.getStreamId(),
            event.getRunId(),
            Long.toString(event.getSequence()),
            Integer.toString(event.getFace()))
        .getBytes(StandardCharsets.UTF_8);
  }

  /** The stream that the key of an event names. */
  static String streamOf(byte[] key) {
    String text = new String(key, StandardCharsets.UTF_8);
    return text.substring(0, text.indexOf('/'));
  }

  private static FaceEmotion event(
      FrameFaces frame, int index, @Nullable Long track, List<Double> belief) {
    Face face = frame.getFaces().get(index);
    List<Float> smoothed = belief.stream().map(Double::floatValue).toList();
    boolean labelled = face.getReasons().isEmpty();
    int best = labelled ? indexOfLargest(face.getScores()) : -1;
    return new FaceEmotion(
        frame.getStreamId(),
        frame.getRunId(),
        frame.getSequence(),
        index,
        frame.getKind(),
        frame.getCaptureTime(),
        frame.getMediaTimeMicros(),
        track,
        face.getBox(),
        face.getFaceScore(),
        scores(frame.getLabels(), face.getScores()),
        smoothed.isEmpty() ? null : scores(frame.getLabels(), smoothed),
        smoothed.isEmpty() ? null : frame.getLabels().get(indexOfLargest(smoothed)),
        labelled ? frame.getLabels().get(best) : null,
        labelled ? face.getScores().get(best) : null,
        face.getReasons(),
        frame.getDetector(),
        frame.getModel(),
        frame.getModelDigest(),
        face.getQuality(),
        face.getKept());
  }

  private static Map<String, Float> scores(List<String> labels, List<Float> scores) {
    Map<String, Float> byLabel = new LinkedHashMap<>();
    for (int i = 0; i < scores.size(); i++) {
      byLabel.put(labels.get(i), scores.get(i));
    }
    return byLabel;
  }

  /** The first of equals. */
  private static int indexOfLargest(List<Float> scores) {
    int best = 0;
    for (int i = 1; i < scores.size(); i++) {
      if (scores.get(i) > scores.get(best)) {
        best = i;
      }
    }
    return best;
  }
}
