package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.AnalyzerLoad;
import io.moodline.schemas.v1.AnalyzerStatus;
import io.moodline.schemas.v1.ModelTrial;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 300, unit = TimeUnit.SECONDS)
class ModelRoutesTest {
  @TempDir static Path home;
  private static ApiFixture api;

  @BeforeAll
  static void start() throws Exception {
    api = new ApiFixture(home, Map.of());
    Awaitility.await()
        .atMost(Duration.ofMinutes(2))
        .until(() -> api.get("/api/v1/models/choice").statusCode() == 200);
  }

  @AfterAll
  static void stop() {
    api.close();
    assertThat(api.failures).isEmpty();
  }

  @Test
  void aModelIsTriedThenPromotedOrDropped() throws Exception {
    JsonNode tried = ok(api.put("/api/v1/models/trial", "{\"model\":\"raf\",\"share\":0.25}"));
    assertThat(tried.path("trial").asText()).isEqualTo("raf");
    assertThat(tried.path("share").asDouble()).isEqualTo(0.25);

    JsonNode promoted = ok(api.post("/api/v1/models/trial/promotion", "{}"));
    assertThat(promoted.path("model").asText()).isEqualTo("raf");
    assertThat(promoted.path("trial").isNull()).isTrue();
    assertThat(promoted.path("revision").asLong()).isGreaterThan(tried.path("revision").asLong());

    assertThat(api.post("/api/v1/models/trial/promotion", "{}").statusCode()).isEqualTo(409);

    ok(api.put("/api/v1/models/trial", "{\"model\":\"other_2\"}"));
    JsonNode dropped = ok(api.delete("/api/v1/models/trial"));
    assertThat(dropped.path("model").asText()).isEqualTo("raf");
    assertThat(dropped.path("trial").isNull()).isTrue();
    JsonNode shown = ok(api.get("/api/v1/models/choice"));
    assertThat(shown).isEqualTo(dropped);
    api.description().check("ModelChoice", shown);
  }

  @Test
  void refusesWhatIsNoModelOrNoShare() throws Exception {
    for (String body :
        new String[] {
          "{\"model\":\"../etc\"}",
          "{}",
          "{\"model\":\"raf\",\"share\":0}",
          "{\"model\":\"raf\",\"share\":1.5}"
        }) {
      assertThat(api.put("/api/v1/models/trial", body).statusCode()).as(body).isEqualTo(422);
    }
  }

  @Test
  void showsAnalyzersThatWereHeardOfLately() throws Exception {
    Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);
    send("one", status("one", now));
    send("killed", status("killed", now.minusSeconds(3600)));
    send("gone", status("gone", now));
    send("gone", null);

    JsonNode shown =
        Awaitility.await()
            .atMost(Duration.ofMinutes(2))
            .until(() -> ok(api.get("/api/v1/analyzers")), it -> it.path("analyzers").size() == 1);

    JsonNode one = shown.path("analyzers").get(0);
    assertThat(one.path("instance").asText()).isEqualTo("one");
    assertThat(one.path("load").asText()).isEqualTo("FRAMES_SKIPPED");
    assertThat(one.path("trial").path("otherLabel").asLong()).isEqualTo(3);
    assertThat(one.path("opening").asText()).isEqualTo("poster");
    api.description().check("Analyzers", shown);
  }

  static AnalyzerStatus status(String instance, Instant updatedAt) {
    return AnalyzerStatus.newBuilder()
        .setInstance(instance)
        .setLoad(AnalyzerLoad.FRAMES_SKIPPED)
        .setSince(updatedAt)
        .setOldestLiveMillis(7000)
        .setStaleFrames(12)
        .setLag(Map.of("frames", 5L))
        .setDetector("yunet")
        .setModel("lite-ferplus")
        .setModelDigest("ab")
        .setTrial(new ModelTrial("raf", "cd", 0.1, 10L, 3L, 0.2))
        .setOpening("poster")
        .setUpdatedAt(updatedAt)
        .build();
  }

  private static void send(String instance, AnalyzerStatus status) throws Exception {
    api.producer
        .send(
            new ProducerRecord<>(
                api.stage.kafka().topics().analyzerStatus(),
                instance.getBytes(StandardCharsets.UTF_8),
                status == null ? null : Serdes.ANALYZER_STATUS.encode(status)))
        .get();
  }

  private static JsonNode ok(HttpResponse<String> response) throws Exception {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return ApiFixture.json(response);
  }
}
