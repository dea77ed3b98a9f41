package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.schemas.SchemaUnavailableException;
import io.moodline.schemas.v1.TimelineWindow;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.TimeStampMilliTZVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class ExportRoutesTest {
  private static final int SECONDS = 9000;

  @TempDir static Path home;
  static ApiFixture api;

  @BeforeAll
  static void start() throws Exception {
    api = new ApiFixture(home, Map.of());
    api.putRecording("a talk.mp4");
    api.put(
        "/api/v1/streams/talk",
        "{\"source\":\"file:a talk.mp4\",\"purpose\":\"demo\",\"start\":\"2026-01-01T00:00:00Z\"}");
    for (int second = 0; second < SECONDS; second++) {
      if (second < 4000 || second >= 4010) {
        api.timelines.windows.add(window("talk", second));
      }
    }
  }

  @AfterAll
  static void stop() {
    api.close();
  }

  /** Three seconds happy, two neutral, one without a face, and so on. */
  private static TimelineWindow window(String stream, long second) {
    int place = (int) (second % 6);
    double score = 0.5 + place / 100.0;
    return TimelineWindow.newBuilder()
        .setStreamId(stream)
        .setStepMillis(1000)
        .setStart(Instant.parse("2026-01-01T00:00:00Z").plusSeconds(second))
        .setAnalysed(4)
        .setSkipped(Map.of("STALE", second))
        .setFailed(Map.of())
        .setDropped(Map.of())
        .setCoverage(0.8)
        .setFaces(place == 5 ? 0 : 2)
        .setScores(
            place == 5
                ? Map.of()
                : place < 3 ? Map.of("happiness", score) : Map.of("neutral", score))
        .setDominant(place == 5 ? null : place < 3 ? "happiness" : "neutral")
        .setComplete(true)
        .setLabelled(2)
        .setWithheld(Map.of())
        .build();
  }

  private static String body(String format) throws Exception {
    HttpResponse<String> answer = api.get("/api/v1/streams/talk/timeline." + format);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Disposition"))
        .hasValue("attachment; filename=\"talk-1s." + format + "\"");
    return answer.body();
  }

  @Test
  void writesTheSameCsvAsATimeline() throws Exception {
    String whole = api.get("/api/v1/streams/talk/timeline?step=1s&format=csv").body();
    assertThat(body("csv")).isEqualTo(whole);
    String part = "?from=2026-01-01T00:00:10Z&to=2026-01-01T00:00:20Z";
    assertThat(api.get("/api/v1/streams/talk/timeline.csv" + part).body().split("\r\n"))
        .hasSize(11);
  }

  @Test
  void writesALinePerWindow() throws Exception {
    JsonNode windows =
        ApiFixture.json(api.get("/api/v1/streams/talk/timeline?step=1s")).get("windows");
    String[] lines = body("jsonl").split("\n");
    assertThat(lines).hasSize(SECONDS - 10);
    for (int i = 0; i < lines.length; i += 500) {
      assertThat(ApiFixture.JSON.readTree(lines[i])).isEqualTo(windows.get(i));
    }
  }

  @Test
  void writesCuesInTheRecordingsTime() throws Exception {
    assertThat(body("vtt"))
        .startsWith("WEBVTT\n\n")
        .contains("\n\n00:00:00.000 --> 00:00:01.000\nhappiness 0.500000\n")
        .contains("\n\n02:29:58.000 --> 02:29:59.000\nneutral 0.540000\n")
        .doesNotContain("00:00:05.000 -->")
        .doesNotContain("01:06:45.000 -->");
  }

  @Test
  void writesArrowThatItsOwnReaderReads() throws Exception {
    HttpResponse<byte[]> answer =
        api.http.send(
            api.request("/api/v1/streams/talk/timeline.arrow").build(),
            HttpResponse.BodyHandlers.ofByteArray());
    Path file = Files.write(home.resolve("talk.arrow"), answer.body());
    List<TimelineWindow> read = new ArrayList<>();
    try (var allocator = new RootAllocator();
        var channel = Files.newByteChannel(file);
        var reader = new ArrowFileReader(channel, allocator)) {
      assertThat(reader.getRecordBlocks()).as("batches").hasSize(3);
      while (reader.loadNextBatch()) {
        read(reader.getVectorSchemaRoot(), read);
      }
      assertThat(reader.getVectorSchemaRoot().getSchema().getFields())
          .extracting(Field::getName)
          .startsWith("start", "end", "coverage", "frames")
          .endsWith("complete", "dominant", "happiness", "neutral");
    }
    assertThat(read).hasSize(SECONDS - 10).isEqualTo(api.timelines.windows);
  }

  private static void read(VectorSchemaRoot batch, List<TimelineWindow> into) {
    var start = (TimeStampMilliTZVector) batch.getVector("start");
    var end = (TimeStampMilliTZVector) batch.getVector("end");
    var dominant = (VarCharVector) batch.getVector("dominant");
    var complete = (BitVector) batch.getVector("complete");
    assertThat(start.getTimeZone()).isEqualTo("UTC");
    for (int row = 0; row < batch.getRowCount(); row++) {
      Map<String, Double> scores = new java.util.HashMap<>();
      for (String label : List.of("happiness", "neutral")) {
        if (!batch.getVector(label).isNull(row)) {
          scores.put(label, ((Float8Vector) batch.getVector(label)).get(row));
        }
      }
      long skipped = ((BigIntVector) batch.getVector("skipped")).get(row);
      long analysed = ((BigIntVector) batch.getVector("analysed")).get(row);
      assertThat(((BigIntVector) batch.getVector("frames")).get(row)).isEqualTo(analysed + skipped);
      into.add(
          TimelineWindow.newBuilder()
              .setStreamId("talk")
              .setStepMillis(end.get(row) - start.get(row))
              .setStart(Instant.ofEpochMilli(start.get(row)))
              .setAnalysed(analysed)
              .setSkipped(Map.of("STALE", skipped))
              .setFailed(Map.of())
              .setDropped(Map.of())
              .setCoverage(((Float8Vector) batch.getVector("coverage")).get(row))
              .setFaces(((BigIntVector) batch.getVector("faces")).get(row))
              .setScores(scores)
              .setDominant(
                  dominant.isNull(row)
                      ? null
                      : new String(dominant.get(row), StandardCharsets.UTF_8))
              .setComplete(complete.get(row) == 1)
              .setLabelled(((BigIntVector) batch.getVector("labelled")).get(row))
              .setWithheld(Map.of())
              .build());
    }
  }

  @Test
  void writesStretchesAndGapsForElan() throws Exception {
    Element document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new ByteArrayInputStream(body("eaf").getBytes(StandardCharsets.UTF_8)))
            .getDocumentElement();
    Map<String, Long> times = new java.util.HashMap<>();
    elements(document, "TIME_SLOT")
        .forEach(
            slot ->
                times.put(
                    slot.getAttribute("TIME_SLOT_ID"),
                    Long.parseLong(slot.getAttribute("TIME_VALUE"))));
    List<String> found = new ArrayList<>();
    for (Element tier : elements(document, "TIER")) {
      for (Element annotation : elements(tier, "ALIGNABLE_ANNOTATION")) {
        found.add(
            tier.getAttribute("TIER_ID")
                + " "
                + times.get(annotation.getAttribute("TIME_SLOT_REF1"))
                + " "
                + times.get(annotation.getAttribute("TIME_SLOT_REF2"))
                + " "
                + annotation.getTextContent());
      }
    }
    assertThat(found)
        .startsWith("emotion 0 3000 happiness 0.510000", "emotion 3000 5000 neutral 0.535000")
        .contains("missing 4000000 4010000 missing")
        .hasSize(2 * SECONDS / 6 - 2 + 1); // two stretches lie wholly in the gap
    assertThat(elements(document, "MEDIA_DESCRIPTOR").get(0).getAttribute("RELATIVE_MEDIA_URL"))
        .isEqualTo("./a%20talk.mp4");
  }

  /** What needs a schema that the registry does not tell now is there again later. */
  @ParameterizedTest
  @ValueSource(strings = {"timeline.csv", "timeline.arrow", "timeline?step=1s", "timeline?step=1h"})
  void asksToComeBackWhileTheSchemaRegistryIsAway(String path) throws Exception {
    api.timelines.trouble = new SchemaUnavailableException("http://registry.example is away");
    HttpResponse<String> refused = api.get("/api/v1/streams/talk/" + path);
    api.timelines.trouble = null;
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(503);
    assertThat(refused.headers().firstValue("Retry-After")).hasValue("2");
    assertThat(refused.headers().firstValue("Content-Type").orElseThrow())
        .startsWith(Problem.CONTENT_TYPE);
    assertThat(refused.headers().firstValue("Content-Disposition")).isEmpty();
    assertThat(refused.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
    assertThat(refused.body()).contains("schema registry").doesNotContain("registry.example");
    assertThat(api.get("/api/v1/streams/talk/" + path).statusCode()).isEqualTo(200);
  }

  private static List<Element> elements(Element in, String name) {
    NodeList nodes = in.getElementsByTagName(name);
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      elements.add((Element) nodes.item(i));
    }
    return elements;
  }

  /** A week of seconds that nobody keeps: each page is made when it is asked for. */
  private record Week(long seconds, AtomicBoolean grown) implements TimelineQueries {
    static final int MOST = 2000;

    @Override
    public List<TimelineWindow> windows(
        String stream, Duration step, Instant from, Instant to, int limit) {
      assertThat(limit).as("windows in memory").isLessThanOrEqualTo(MOST);
      long first = from.getEpochSecond() - Instant.parse("2026-01-01T00:00:00Z").getEpochSecond();
      List<TimelineWindow> page = new ArrayList<>();
      for (long second = first; second < Math.min(seconds, first + limit); second++) {
        TimelineWindow window = window(stream, second);
        if (grown.get() && second == seconds - 2) {
          window = TimelineWindow.newBuilder(window).setScores(Map.of("awe", 1.0)).build();
        }
        page.add(window);
      }
      return page;
    }

    @Override
    public Optional<TimelineWindow> latest(String stream, Duration step) {
      return Optional.empty();
    }

    @Override
    public Optional<TimelineWindow> earliest(String stream, Duration step) {
      return Optional.empty();
    }

    @Override
    public MarkedQueries orStale() {
      throw new IllegalStateException("an export shows no mark");
    }

    @Override
    public Optional<Extent> extent(String stream) {
      return Optional.empty();
    }

    @Override
    public Optional<io.moodline.schemas.v1.RunLedger> ledger(String stream, String run) {
      return Optional.empty();
    }

    @Override
    public List<io.moodline.schemas.v1.RunLedger> ledgers(String stream) {
      return List.of();
    }

    @Override
    public boolean settled(String stream, String run) {
      return true;
    }

    TimelineWindows read() {
      Instant start = Instant.parse("2026-01-01T00:00:00Z");
      return new TimelineWindows(
          this, "talk", Duration.ofSeconds(1), start, start.plusSeconds(seconds));
    }
  }

  @ParameterizedTest
  @CsvSource({"CSV", "JSONL", "ARROW", "VTT", "EAF"})
  void keepsNoMoreThanAPageOfALongRange(ExportFormat format) throws Exception {
    long[] bytes = {0};
    OutputStream counting =
        new OutputStream() {
          @Override
          public void write(int one) {
            bytes[0]++;
          }

          @Override
          public void write(byte[] many, int from, int length) {
            bytes[0] += length;
          }
        };
    Week week = new Week(100_000, new AtomicBoolean());
    format.write(api.sink().registry().find("talk").orElseThrow().spec(), week.read(), counting);
    assertThat(bytes[0]).isGreaterThan(1_000_000);
  }

  @Test
  void refusesToFinishATableThatLacksAColumn() {
    Week week = new Week(3000, new AtomicBoolean());
    OutputStream growing =
        new OutputStream() {
          @Override
          public void write(int one) {
            week.grown().set(true);
          }
        };
    assertThatThrownBy(
            () ->
                ExportFormat.CSV.write(
                    api.sink().registry().find("talk").orElseThrow().spec(), week.read(), growing))
        .isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "none,csv,404",
    "talk,pdf,404",
    "talk,csv?step=2s,400",
    "talk,csv?from=monday,400",
  })
  void answersWithAClearStatus(String id, String file, int status) throws Exception {
    var answer = api.get("/api/v1/streams/" + id + "/timeline." + file);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(ApiFixture.json(answer).get("detail").textValue()).isNotEmpty();
  }
}
