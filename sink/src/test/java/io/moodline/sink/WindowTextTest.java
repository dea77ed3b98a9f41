package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.ScoreQuantiles;
import io.moodline.schemas.v1.TimelineWindow;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class WindowTextTest {
  private static final ObjectMapper JACKSON =
      new ObjectMapper(
          JsonFactory.builder().enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER).build());
  private static final List<String> LABELS =
      List.of(
          "joy", "anger", "", "Überraschung", "say \"cheese\"", "a\\b", "tab\t\u0001", "\u007f");
  private static final double[] DOUBLES = {
    0,
    -0.0,
    1,
    0.1,
    1e-5,
    1e23,
    1.0 / 3,
    Double.MIN_VALUE,
    Double.MAX_VALUE,
    Double.NaN,
    Double.NEGATIVE_INFINITY
  };

  private final Random random = new Random(7);
  private final WindowText text = new WindowText();

  @Test
  void writesWhatJacksonWrites() throws Exception {
    for (int round = 0; round < 2000; round++) {
      TimelineWindow window = window();
      text.window(Serdes.TIMELINE_WINDOW.encodeInside(window));
      assertThat(written()).isEqualTo(JACKSON.writeValueAsString(tree(window)));
    }
  }

  @Test
  void addsNothingOfWhatIsNoWindow() throws Exception {
    byte[] window = Serdes.TIMELINE_WINDOW.encodeInside(window());
    text.ascii('[');
    assertThatThrownBy(() -> text.window(Arrays.copyOf(window, window.length - 1)))
        .isInstanceOf(UnreadableRecordException.class);
    assertThat(written()).isEqualTo("[");
  }

  private String written() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    text.moveTo(out);
    assertThat(text.length()).isZero();
    return out.toString(StandardCharsets.UTF_8);
  }

  private static ObjectNode tree(TimelineWindow window) {
    ObjectNode node =
        JACKSON
            .createObjectNode()
            .put("start", Times.show(window.getStart()))
            .put("end", Times.show(TimelineText.end(window)))
            .put("coverage", window.getCoverage())
            .put("frames", TimelineText.frames(window))
            .put("faces", window.getFaces())
            .put("labelled", window.getLabelled());
    put(node.putObject("withheld"), window.getWithheld());
    ObjectNode quantiles = node.putObject("quantiles");
    new TreeMap<>(window.getQuantiles())
        .forEach(
            (label, of) ->
                quantiles
                    .putObject(label)
                    .put("p10", of.getP10())
                    .put("p50", of.getP50())
                    .put("p90", of.getP90()));
    new TreeMap<>(window.getScores()).forEach(node.putObject("scores")::put);
    node.put("dominant", window.getDominant())
        .put("analysed", window.getAnalysed())
        .put("skipped", Ledgers.sum(window.getSkipped()))
        .put("failed", Ledgers.sum(window.getFailed()))
        .put("dropped", Ledgers.sum(window.getDropped()));
    put(node.putObject("droppedByReason"), window.getDropped());
    return node.put("complete", window.getComplete());
  }

  private static void put(ObjectNode to, Map<String, Long> counts) {
    new TreeMap<>(counts).forEach(to::put);
  }

  private TimelineWindow window() {
    Map<String, Double> scores = new HashMap<>();
    Map<String, ScoreQuantiles> quantiles = new HashMap<>();
    for (String label : LABELS.subList(0, random.nextInt(LABELS.size() + 1))) {
      scores.put(label, number());
      quantiles.put(
          label, new ScoreQuantiles((float) number(), random.nextInt(50) / 50f, (float) number()));
    }
    return new TimelineWindow(
        "any",
        (long) Math.abs(random.nextInt()),
        Instant.ofEpochMilli(random.nextLong() >> 17).plusNanos(1000 * random.nextInt(1000)),
        (long) random.nextInt(12),
        counts(),
        counts(),
        counts(),
        number(),
        random.nextLong(),
        scores,
        random.nextBoolean() ? null : LABELS.get(random.nextInt(LABELS.size())),
        random.nextBoolean(),
        3L,
        counts(),
        quantiles,
        Instant.EPOCH);
  }

  private double number() {
    return random.nextBoolean() ? DOUBLES[random.nextInt(DOUBLES.length)] : random.nextDouble();
  }

  private Map<String, Long> counts() {
    return switch (random.nextInt(3)) {
      case 0 -> Map.of();
      case 1 -> Map.of("STALE", random.nextLong());
      default -> Map.of("STALE", 1L, "BLURRED", 300L);
    };
  }
}
