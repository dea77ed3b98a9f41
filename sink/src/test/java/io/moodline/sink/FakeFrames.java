package io.moodline.sink;

import io.moodline.runtime.KeyRing;
import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.EndOfRun;
import io.moodline.schemas.v1.EndReason;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import io.moodline.schemas.v1.StreamKind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** Makes records as the analyzer would. */
final class FakeFrames {
  static final List<String> LABELS = List.of("neutral", "happiness", "surprise", "sadness");

  /** For topics whose frames are all plain. */
  static final KeyRing NO_KEYS = (stream, keyId) -> Optional.empty();

  private FakeFrames() {}

  /** An analysed frame at 5 frames per second without faces; tests change what they are about. */
  static FrameFaces.Builder frame(
      String stream, String run, long sequence, StreamKind kind, Instant time) {
    return FrameFaces.newBuilder()
        .setStreamId(stream)
        .setRunId(run)
        .setSequence(sequence)
        .setKind(kind)
        .setDroppedBefore(Map.of())
        .setCaptureTime(time)
        .setMediaTimeMicros(sequence * 200_000)
        .setTargetFramesPerSecond(5)
        .setOutcome(Outcome.ANALYSED)
        .setWidth(640)
        .setHeight(360)
        .setFaces(List.of())
        .setDetector("detector")
        .setModel("model")
        .setModelDigest("00")
        .setLabels(LABELS)
        .setAnalysedAt(Instant.EPOCH);
  }

  static FrameFaces analysed(
      String stream, String run, long sequence, StreamKind kind, Instant time, Face... faces) {
    return frame(stream, run, sequence, kind, time).setFaces(List.of(faces)).build();
  }

  static FrameFaces endMark(
      String stream, String run, long published, StreamKind kind, Instant time) {
    return frame(stream, run, published, kind, time)
        .setOutcome(null)
        .setEndOfRun(
            new EndOfRun(EndReason.FINISHED, null, published, Map.of(), published * 200_000))
        .build();
  }

  static Face face(float... scores) {
    return face(List.of(), scores);
  }

  static Face face(List<String> reasons, float... scores) {
    List<Float> list = new ArrayList<>();
    for (float score : scores) {
      list.add(score);
    }
    return new Face(new Box(0.1f, 0.2f, 0.3f, 0.4f), List.of(), 0.9f, list, reasons, null, false);
  }

  static Face faceAt(Box box, double faceScore) {
    List<Float> scores = List.of(0.7f, 0.1f, 0.1f, 0.1f);
    return new Face(box, List.of(), (float) faceScore, scores, List.of(), null, false);
  }

  /** Seeded frames of a run, in order, with every outcome, some drops and zero to three faces. */
  static List<FrameFaces> run(
      Random random, String stream, String run, StreamKind kind, Instant start, int frames) {
    List<FrameFaces> made = new ArrayList<>();
    Instant time = start;
    for (int sequence = 0; sequence < frames; sequence++) {
      time = time.plus(Duration.ofNanos(1000L * random.nextInt(600_000)));
      FrameFaces.Builder frame = frame(stream, run, sequence, kind, time);
      if (random.nextInt(6) == 0) {
        frame.setDroppedBefore(Map.of(random.nextBoolean() ? "QUEUE_FULL" : "LATE", 3L));
      }
      int outcome = random.nextInt(10);
      if (outcome == 0) {
        frame.setOutcome(Outcome.SKIPPED).setReason("STALE");
      } else if (outcome == 1) {
        frame.setOutcome(Outcome.FAILED).setReason(random.nextBoolean() ? "DECODE_ERROR" : "BIG");
      } else {
        frame.setFaces(faces(random));
      }
      made.add(frame.build());
    }
    return made;
  }

  private static List<Face> faces(Random random) {
    List<Face> faces = new ArrayList<>();
    for (int n = random.nextInt(4); n > 0; n--) {
      float[] scores = new float[LABELS.size()];
      float sum = 0;
      for (int i = 0; i < scores.length; i++) {
        scores[i] = random.nextFloat() + 0.001f;
        sum += scores[i];
      }
      for (int i = 0; i < scores.length; i++) {
        scores[i] /= sum;
      }
      faces.add(face(random.nextInt(3) == 0 ? List.of("BLURRED") : List.of(), scores));
    }
    return faces;
  }
}
