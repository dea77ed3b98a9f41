package io.moodline.sink;

import io.moodline.schemas.Serdes;
import io.moodline.schemas.Steps;
import io.moodline.schemas.TimelineKey;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.OpenWindow;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.TimelineWindow;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Made-up timelines of many streams, each window of which can be told without any store: what it
 * holds follows from its stream, step and start. One in ten shows no face. Thread-safe.
 */
final class TimelineDay {
  static final Instant START = Instant.parse("2026-11-25T00:00:00Z");
  private static final List<String> LABELS =
      List.of(
          "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt");
  private static final int KINDS = 1021;

  final int streams;
  final Instant end;
  private final Instant written = Instant.now();
  private final List<TimelineWindow> kinds = new ArrayList<>();
  private final List<byte[]> rests = new ArrayList<>();
  private final byte[] header;

  TimelineDay(int streams, Duration length) {
    this.streams = streams;
    this.end = START.plus(length);
    Random random = new Random(24);
    for (int i = 0; i < KINDS; i++) {
      OpenWindow sums = WindowSums.EMPTY;
      for (int frame = 0; frame < 5; frame++) {
        sums = WindowSums.add(sums, frame(frame, i % 10 == 0 ? List.of() : List.of(face(random))));
      }
      TimelineKey key = new TimelineKey("any", Steps.ALL.get(0), START);
      kinds.add(WindowSums.toTimeline(key, sums, true, written));
    }
    header = Arrays.copyOf(Serdes.TIMELINE_WINDOW.encode(kinds.get(0)), 10);
    for (TimelineWindow kind : kinds) {
      byte[] bytes = Serdes.TIMELINE_WINDOW.encode(kind);
      ByteBuffer front = ByteBuffer.allocate(48).put(header);
      number(front, 3);
      front.put("any".getBytes(StandardCharsets.UTF_8));
      number(front, kind.getStepMillis());
      number(front, kind.getStart().toEpochMilli() * 1000);
      rests.add(Arrays.copyOfRange(bytes, front.position(), bytes.length));
    }
  }

  private static FrameFaces frame(int sequence, List<Face> faces) {
    return FakeFrames.frame("any", "r", sequence, StreamKind.LIVE, START)
        .setLabels(LABELS)
        .setFaces(faces)
        .build();
  }

  private static Face face(Random random) {
    double[] weights =
        LABELS.stream().mapToDouble(l -> Math.exp(3 * random.nextGaussian())).toArray();
    double sum = Arrays.stream(weights).sum();
    float[] scores = new float[weights.length];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = (float) (weights[i] / sum);
    }
    return FakeFrames.face(scores);
  }

  private static int kind(int stream, Duration step, Instant start) {
    long slot = (start.toEpochMilli() - START.toEpochMilli()) / step.toMillis();
    return (int) Math.floorMod(31 * (stream + 7 * step.toSeconds()) + 17 * slot, KINDS);
  }

  static String stream(int number) {
    return "camera-%04d".formatted(number);
  }

  TimelineWindow window(int stream, Duration step, Instant start) {
    TimelineWindow kind = kinds.get(kind(stream, step, start));
    return new TimelineWindow(
        stream(stream),
        step.toMillis(),
        start,
        kind.getAnalysed(),
        kind.getSkipped(),
        kind.getFailed(),
        kind.getDropped(),
        kind.getCoverage(),
        kind.getFaces(),
        kind.getScores(),
        kind.getDominant(),
        true,
        kind.getLabelled(),
        kind.getWithheld(),
        kind.getQuantiles(),
        written);
  }

  /** A window's bytes; only what differs from the others of its kind is encoded anew. */
  byte[] encoded(int stream, Duration step, Instant start) {
    byte[] rest = rests.get(kind(stream, step, start));
    ByteBuffer bytes = ByteBuffer.allocate(48 + rest.length);
    bytes.put(header);
    byte[] id = stream(stream).getBytes(StandardCharsets.UTF_8);
    number(bytes, id.length);
    bytes.put(id);
    number(bytes, step.toMillis());
    number(bytes, start.toEpochMilli() * 1000);
    bytes.put(rest);
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  /** As Avro writes a number. */
  private static void number(ByteBuffer to, long number) {
    for (long left = number << 1 ^ number >> 63; ; left >>>= 7) {
      if (left < 128) {
        to.put((byte) left);
        return;
      }
      to.put((byte) (left | 128));
    }
  }

  /** All windows of a step that start within a range, oldest first, by looking at each. */
  List<TimelineWindow> windows(int stream, Duration step, Instant from, Instant to) {
    List<TimelineWindow> windows = new ArrayList<>();
    for (Instant start = START; start.isBefore(end); start = start.plus(step)) {
      if (start.plus(step).isAfter(from) && start.isBefore(to)) {
        windows.add(window(stream, step, start));
      }
    }
    return windows;
  }
}
