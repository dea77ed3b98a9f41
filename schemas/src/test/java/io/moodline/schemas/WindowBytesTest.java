package io.moodline.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.v1.ScoreQuantiles;
import io.moodline.schemas.v1.TimelineWindow;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WindowBytesTest {
  private static final List<String> LABELS = List.of("joy", "anger", "", "überraschung", "ange");

  private final WindowBytes window = new WindowBytes();

  @AfterEach
  void endRegistry() {
    AvroSerde.use(null);
  }

  @Test
  void readsWhatTheWholeRecordSays() {
    Random random = new Random(4);
    for (int round = 0; round < 1000; round++) {
      TimelineWindow given = window(random);
      check(given, Serdes.TIMELINE_WINDOW.encode(given));
      check(given, Serdes.TIMELINE_WINDOW.encodeInside(given));
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
    TimelineWindow given = window(new Random(5));
    byte[] bytes = Serdes.TIMELINE_WINDOW.encode(given);
    assertThat(bytes[0]).isZero();
    check(given, bytes);
    Serdes.TIMELINE_WINDOW.decode(bytes); // from here on the number is known
    check(given, bytes);
    assertThat(window.bytes()).as("read where it lies").isSameAs(bytes);
  }

  @Test
  void readsMapsOfAnySize() {
    for (int size : new int[] {17, 1000, 1001, 5000}) {
      Map<String, Long> withheld = new LinkedHashMap<>();
      for (int i = 0; i < size; i++) {
        withheld.put(Integer.toString(i * 7919 % size), (long) i);
      }
      TimelineWindow given = withheld(withheld);
      check(given, Serdes.TIMELINE_WINDOW.encodeInside(given));
    }
  }

  @Test
  void takesTheLastOfANamesValuesAsAMapDoes() {
    Map<String, Long> twice = new LinkedHashMap<>();
    twice.put("SMALL", 1L);
    twice.put("small", 2L);
    byte[] bytes = Serdes.TIMELINE_WINDOW.encodeInside(withheld(twice));
    int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("small");
    System.arraycopy("SMALL".getBytes(StandardCharsets.ISO_8859_1), 0, bytes, at, 5);
    check(withheld(Map.of("SMALL", 2L)), bytes);
  }

  private static TimelineWindow withheld(Map<String, Long> counts) {
    return TimelineWindow.newBuilder(window(new Random(8))).setWithheld(counts).build();
  }

  @Test
  void refusesWhatIsNoWindow() {
    byte[] whole = Serdes.TIMELINE_WINDOW.encodeInside(window(new Random(6)));
    List<byte[]> broken = new ArrayList<>(List.of(new byte[] {1, 2, 3}, new byte[100]));
    for (int length = 0; length < whole.length; length++) {
      broken.add(Arrays.copyOf(whole, length));
    }
    byte[] endless = whole.clone();
    Arrays.fill(endless, 10, endless.length, (byte) -1);
    broken.add(endless);
    byte[] header = Arrays.copyOf(whole, 10);
    // A stream's name of 2^62 bytes, and one of less than none.
    broken.add(append(header, -2, -1, -1, -1, -1, -1, -1, -1, -1, 1));
    broken.add(append(header, 1, 2, 3, 4));
    for (byte[] bytes : broken) {
      assertThatThrownBy(() -> window.read(bytes)).isInstanceOf(UnreadableRecordException.class);
    }
    for (byte[] bytes : List.of(new byte[0], new byte[100], Arrays.copyOf(whole, 30), endless)) {
      assertThatThrownBy(() -> window.readScores(bytes))
          .isInstanceOf(UnreadableRecordException.class);
    }
  }

  private static byte[] append(byte[] header, int... more) {
    ByteBuffer bytes = ByteBuffer.allocate(header.length + more.length).put(header);
    for (int next : more) {
      bytes.put((byte) next);
    }
    return bytes.array();
  }

  private void check(TimelineWindow given, byte[] bytes) {
    window.readScores(bytes);
    assertThat(window.startMillis()).isEqualTo(given.getStart().toEpochMilli());
    assertThat(new HashMap<>(scores())).isEqualTo(given.getScores());
    window.read(bytes);
    assertThat(window.startMillis()).isEqualTo(given.getStart().toEpochMilli());
    assertThat(window.stepMillis()).isEqualTo(given.getStepMillis());
    assertThat(window.analysed()).isEqualTo(given.getAnalysed());
    assertThat(window.coverage()).isEqualTo(given.getCoverage());
    assertThat(window.faces()).isEqualTo(given.getFaces());
    assertThat(window.labelled()).isEqualTo(given.getLabelled());
    assertThat(window.complete()).isEqualTo(given.getComplete());
    assertThat(window.skipped().sum()).isEqualTo(sum(given.getSkipped()));
    checkCounts(window.failed(), given.getFailed());
    checkCounts(window.dropped(), given.getDropped());
    checkCounts(window.withheld(), given.getWithheld());
    checkOrdered(scores(), given.getScores());
    checkOrdered(
        map(
            window.quantiles(),
            i -> new ScoreQuantiles(quantile(i, 0), quantile(i, 1), quantile(i, 2))),
        given.getQuantiles());
    assertThat(window.hasDominant()).isEqualTo(given.getDominant() != null);
    if (window.hasDominant()) {
      assertThat(text(window.dominantFrom(), window.dominantTo())).isEqualTo(given.getDominant());
    }
  }

  private float quantile(int entry, int which) {
    return Float.intBitsToFloat(window.quantile(entry, which));
  }

  private Map<String, Double> scores() {
    return map(window.scores(), i -> Double.longBitsToDouble(window.scores().value(i)));
  }

  private void checkCounts(WindowEntries read, Map<String, Long> given) {
    checkOrdered(map(read, read::value), given);
  }

  private static <T> void checkOrdered(Map<String, T> read, Map<String, T> given) {
    assertThat(new ArrayList<>(read.entrySet()))
        .isEqualTo(new ArrayList<>(new TreeMap<>(given).entrySet()));
  }

  private <T> Map<String, T> map(WindowEntries entries, IntFunction<T> value) {
    Map<String, T> map = new LinkedHashMap<>();
    for (int i = 0; i < entries.size(); i++) {
      assertThat(map.put(text(entries.from(i), entries.to(i)), value.apply(i))).isNull();
    }
    return map;
  }

  private String text(int from, int to) {
    return new String(window.bytes(), from, to - from, StandardCharsets.UTF_8);
  }

  private static long sum(Map<String, Long> counts) {
    return counts.values().stream().mapToLong(count -> count).sum();
  }

  private static TimelineWindow window(Random random) {
    Map<String, Double> scores = new HashMap<>();
    Map<String, ScoreQuantiles> quantiles = new HashMap<>();
    for (String label : LABELS.subList(0, random.nextInt(LABELS.size() + 1))) {
      scores.put(label, random.nextDouble());
      quantiles.put(label, new ScoreQuantiles(0.1f, random.nextFloat(), 0.9f));
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
