package io.moodline.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.v1.ScoreQuantiles;
import io.moodline.schemas.v1.TimelineWindow;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WindowScoresTest {
  private static final List<String> LABELS = List.of("anger", "joy", "", "überraschung");

  private final WindowScores scores = new WindowScores();

  @AfterEach
  void endRegistry() {
    AvroSerde.use(null);
  }

  @Test
  void readsWhatTheWholeRecordSays() {
    Random random = new Random(4);
    for (int round = 0; round < 1000; round++) {
      TimelineWindow window = window(random);
      check(window, Serdes.TIMELINE_WINDOW.encode(window));
    }
  }

  @Test
  void readsWhatARegistryNumbered() {
    AvroSerde.use(
        new SchemaIds() {
          @Override
          public int idOf(org.apache.avro.Schema schema) {
            return 7;
          }

          @Override
          public org.apache.avro.Schema schemaOf(int id) {
            return TimelineWindow.getClassSchema();
          }
        });
    TimelineWindow window = window(new Random(5));
    byte[] bytes = Serdes.TIMELINE_WINDOW.encode(window);
    assertThat(bytes[0]).isZero();
    check(window, bytes);
  }

  @Test
  void refusesWhatIsNoWindow() {
    byte[] bytes = Serdes.TIMELINE_WINDOW.encode(window(new Random(6)));
    for (byte[] broken :
        List.of(new byte[0], new byte[] {1, 2, 3}, Arrays.copyOf(bytes, 30), new byte[100])) {
      assertThatThrownBy(() -> scores.read(broken, (label, score) -> {}))
          .isInstanceOf(UnreadableRecordException.class);
    }
  }

  private void check(TimelineWindow window, byte[] bytes) {
    Map<String, Double> read = new HashMap<>();
    long start = scores.read(bytes, (label, score) -> read.put(label.toString(), score));
    assertThat(Math.floorDiv(start, 1000L)).isEqualTo(window.getStart().toEpochMilli());
    assertThat(read).isEqualTo(window.getScores());
  }

  private static TimelineWindow window(Random random) {
    Map<String, Double> scores = new HashMap<>();
    Map<String, ScoreQuantiles> quantiles = new HashMap<>();
    for (String label : LABELS.subList(0, random.nextInt(LABELS.size() + 1))) {
      scores.put(label, random.nextDouble());
      quantiles.put(label, new ScoreQuantiles(0.1f, 0.5f, 0.9f));
    }
    return new TimelineWindow(
        "s" + random.nextInt(1000),
        1000L,
        Instant.ofEpochSecond(random.nextInt()),
        random.nextLong(),
        counts(random),
        counts(random),
        counts(random),
        random.nextDouble(),
        random.nextLong(),
        scores,
        random.nextBoolean() ? null : "joy",
        random.nextBoolean(),
        3L,
        counts(random),
        quantiles,
        Instant.EPOCH);
  }

  private static Map<String, Long> counts(Random random) {
    return switch (random.nextInt(3)) {
      case 0 -> Map.of();
      case 1 -> Map.of("STALE", random.nextLong());
      default -> Map.of("STALE", 1L, "BLURRED", 300L);
    };
  }
}
