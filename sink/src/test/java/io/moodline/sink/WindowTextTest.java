package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.ScoreQuantiles;
import io.moodline.schemas.v1.TimelineWindow;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
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

  @Test
  void writesWhatJacksonWritesOfRoundedNumbers() throws Exception {
    for (int round = 0; round < 2000; round++) {
      TimelineWindow window = window();
      // Jackson spells what is below a thousandth with an exponent.
      assertThat(JACKSON.readTree(TimelineJson.line(window)))
          .isEqualTo(JACKSON.readTree(JACKSON.writeValueAsString(tree(window))));
    }
  }

  @Test
  void spellsScoresWithAsManyDecimalsAsTheyNeed() throws Exception {
    assertThat(score(0)).isEqualTo("0.0");
    assertThat(score(1)).isEqualTo("1.0");
    assertThat(score(0.1f)).isEqualTo("0.1");
    assertThat(score(2.0 / 3)).isEqualTo("0.666667");
    assertThat(score(0.00012)).isEqualTo("0.00012");
    assertThat(score(4.9e-7)).isEqualTo("0.0");
    assertThat(score(0.9999996)).isEqualTo("1.0");
    assertThat(score(1234.5)).isEqualTo("1234.5");
  }

  private String score(double score) throws IOException {
    TimelineWindow window = window();
    window.put("scores", Map.of("joy", score));
    String line = new String(TimelineJson.line(window), StandardCharsets.UTF_8);
    return line.replaceAll(".*\"scores\":\\{\"joy\":([^}]*)}.*", "$1");
  }

  @Test
  void addsNothingOfWhatIsNoWindow() throws Exception {
    WindowText text = new WindowText();
    byte[] window = Serdes.TIMELINE_WINDOW.encodeInside(window());
    text.raw(new byte[] {'['});
    assertThatThrownBy(() -> text.next(Arrays.copyOf(window, window.length - 1)))
        .isInstanceOf(UnreadableRecordException.class);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    text.moveTo(out);
    assertThat(out).hasToString("[");
    assertThat(text.length()).isZero();
  }

  /** Parts of an answer are written by several threads: the first and a middle one hold nothing. */
  @Test
  void leavesUnreadableWindowsOut() throws Exception {
    List<byte[]> stored = new ArrayList<>();
    ArrayNode readable = JACKSON.createArrayNode();
    for (int i = 0; i < 2300; i++) {
      TimelineWindow window = window();
      byte[] bytes = Serdes.TIMELINE_WINDOW.encodeInside(window);
      boolean broken = i < 300 || i >= 1000 && i < 1500 || i == 2299;
      stored.add(broken ? Arrays.copyOf(bytes, bytes.length - 1) : bytes);
      if (!broken) {
        readable.add(tree(window));
      }
    }
    AtomicInteger unreadable = new AtomicInteger();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    TimelineJson.write(
        out,
        TimelineJson.head("any", null),
        Duration.ofSeconds(1),
        new TimelineQueries.Thinned(stored, 5000, unreadable::incrementAndGet),
        false);
    JsonNode answer = JACKSON.readTree(out.toByteArray());
    assertThat(answer.get("windows"))
        .isEqualTo(JACKSON.readTree(JACKSON.writeValueAsString(readable)));
    assertThat(answer.get("thinned").booleanValue()).isTrue();
    assertThat(unreadable).hasValue(801);
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
                    .put("p10", rounded(of.getP10()))
                    .put("p50", rounded(of.getP50()))
                    .put("p90", rounded(of.getP90())));
    ObjectNode scores = node.putObject("scores");
    new TreeMap<>(window.getScores()).forEach((label, score) -> scores.put(label, rounded(score)));
    node.put("dominant", window.getDominant())
        .put("analysed", window.getAnalysed())
        .put("skipped", Ledgers.sum(window.getSkipped()))
        .put("failed", Ledgers.sum(window.getFailed()))
        .put("dropped", Ledgers.sum(window.getDropped()));
    put(node.putObject("droppedByReason"), window.getDropped());
    return node.put("complete", window.getComplete());
  }

  /** To six decimals; what is no share stays as it is. */
  private static double rounded(double number) {
    return number >= 0 && number < 1e6
        ? BigDecimal.valueOf(Math.round(number * 1e6), 6).doubleValue()
        : number;
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
