package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.ingest.SyntheticClip;
import io.moodline.ingest.SyntheticClip.Look;
import io.moodline.ingest.SyntheticClip.Pose;
import io.moodline.ingest.SyntheticClip.ScriptedFace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What can be done with replays, through a whole Moodline that demands tokens. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class ReplayTogetherTest {
  @TempDir static Path home;
  private static TestNode node;

  @BeforeAll
  static void start() throws Exception {
    SyntheticClip clip =
        new SyntheticClip(
            640,
            360,
            10,
            8,
            true,
            List.of(
                ScriptedFace.still(1, 7, Pose.at(170, 190, 120), Look.HAPPINESS),
                ScriptedFace.still(3, 6, Pose.at(460, 190, 120), Look.SURPRISE).inMirror()));
    TestNode.addRecording(home, "known.mp4", clip);
    node = TestNode.start(home, Map.of("http.tokens.always", "true"));
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @Test
  void theSameRecordingTwiceGivesTheSameDigest() throws Exception {
    String first = node.replay("known.mp4");
    String second = node.replay("known.mp4");
    JsonNode one = node.finished(first);
    JsonNode two = node.finished(second);
    assertThat(one.path("digest").asText()).matches("[0-9a-f]{64}");
    assertThat(two.path("digest").asText()).isEqualTo(one.path("digest").asText());
    assertThat(two.path("run").asText()).isNotEqualTo(one.path("run").asText());
    ObjectNode slower =
        ApiClient.object()
            .put("recording", "known.mp4")
            .put("purpose", "research")
            .put("framesPerSecond", 2);
    JsonNode other = node.finished(node.replays().start(slower).path("id").asText());
    assertThat(other.path("digest").asText()).isNotEqualTo(one.path("digest").asText());
  }

  @Test
  void aPausedReplayGoesOnWhereItWas() throws Exception {
    ObjectNode all =
        ApiClient.object()
            .put("recording", "known.mp4")
            .put("purpose", "research")
            .put("framesPerSecond", 10);
    String whole =
        node.finished(node.replays().start(all).path("id").asText()).path("digest").asText();
    boolean paused = false;
    for (int i = 0; i < 20 && !paused; i++) { // until one is paused before its end
      String id = node.replays().start(all).path("id").asText();
      String path = "/api/v1/streams/" + id;
      node.api().post(path + "/pause", ApiClient.object());
      await()
          .atMost(Duration.ofMinutes(2))
          .until(() -> List.of("PAUSED", "FINISHED", "ANALYSING").contains(state(id)));
      paused =
          state(id).equals("PAUSED")
              && node.api().get(path).path("status").path("published").asInt() < 80;
      node.api().post(path + "/resume", ApiClient.object());
      JsonNode replay = node.finished(id);
      assertThat(replay.path("ledger").path("analysed").asInt()).isEqualTo(80);
      assertThat(replay.path("digest").asText()).as("as if never paused").isEqualTo(whole);
    }
    assertThat(paused).isTrue();
  }

  private static String state(String id) throws Exception {
    return node.api().get("/api/v1/replays/" + id).path("state").asText();
  }

  @Test
  void twoModelsAreComparedFaceByFace() throws Exception {
    String first = node.replay("known.mp4");
    String second = node.replay("known.mp4");
    List<FoundFace> one =
        FoundFace.of(node.api(), first, node.finished(first).path("run").asText());
    List<FoundFace> two =
        FoundFace.of(node.api(), second, node.finished(second).path("run").asText());
    ReplayComparison same = new ReplayComparison("a", one, "b", two);
    assertThat(same.pairs()).hasSize(45);
    assertThat(same.json().path("meanDistance").asDouble()).isZero();
    assertThat(same.json().path("differing")).isEmpty();

    // A second model that takes every surprise for anger, and misses the last face.
    List<FoundFace> changed =
        two.subList(0, two.size() - 1).stream()
            .map(
                face ->
                    face.label().filter("surprise"::equals).isPresent()
                        ? new FoundFace(
                            face.sequence(),
                            face.face(),
                            face.mediaTimeMicros(),
                            face.mark(),
                            Map.of("anger", 1.0),
                            java.util.Optional.of("anger"))
                        : face)
            .toList();
    long surprises =
        one.stream().filter(face -> face.label().filter("surprise"::equals).isPresent()).count();
    assertThat(surprises).isGreaterThanOrEqualTo(14);
    ReplayComparison comparison = new ReplayComparison("a", one, "b", changed);
    JsonNode json = comparison.json();
    assertThat(json.path("faces").asInt()).isEqualTo(44);
    assertThat(json.path("onlyFirst").asInt()).isEqualTo(1);
    assertThat(json.at("/labels/surprise/anger").asLong()).isEqualTo(surprises);
    assertThat(json.path("differing")).hasSize((int) surprises);
    assertThat(json.path("differing").get(0).path("distance").asDouble()).isGreaterThan(0.5);
  }

  @Test
  void theCommandWritesAnAnnotatedCopyAndComparesModels() throws Exception {
    Path copy = home.resolve("annotated.mp4");
    String server = node.node().address().toString();
    String video = home.resolve("media/known.mp4").toString();
    Path json = home.resolve("annotated.json");
    Cli.Result annotated =
        new Cli(home)
            .run(
                "replay",
                video,
                "--server",
                server,
                "--token",
                node.token(),
                "--annotate",
                copy.toString(),
                "--json",
                json.toString());
    assertThat(annotated.code()).as(annotated.err()).isZero();
    assertThat(annotated.err()).contains("80 pictures");
    assertThat(Files.size(copy)).isGreaterThan(50_000);
    assertThat(ApiClient.JSON.readTree(json.toFile()).path("digest").asText()).hasSize(64);

    Cli.Result compared =
        new Cli(home)
            .run(
                "replay",
                video,
                "--server",
                server,
                "--token",
                node.token(),
                "--compare",
                "lite-ferplus,lite-ferplus");
    assertThat(compared.code()).as(compared.err()).isZero();
    assertThat(compared.out()).contains("45 faces seen by both", "(100.0 %)");
  }

  @Test
  void whoLacksATokenIsToldHowToGiveOne() {
    String server = node.node().address().toString();
    new Cli(home)
        .refused(
            List.of("token", "--token TOKEN", "MOODLINE_TOKEN"),
            "stream",
            "list",
            "--server",
            server,
            "--token",
            "moodline_none");
  }

  @Test
  void aRecordingIsRemovedOnceNoReplayNeedsIt() throws Exception {
    Files.copy(home.resolve("media/known.mp4"), home.resolve("media/a second one.mp4"));
    String id = node.replay("a second one.mp4");
    node.finished(id);
    Cli cli = new Cli(home);
    String server = node.node().address().toString();
    String[] where = {"--server", server, "--token", node.token()};
    assertThat(cli.ok(with(where, "recording", "list")).lines())
        .anyMatch(line -> line.startsWith("a second one.mp4 ") && line.endsWith(" " + id));
    cli.refused(List.of(id), with(where, "recording", "remove", "a second one.mp4"));
    node.api().delete("/api/v1/replays/" + id);
    cli.ok(with(where, "recording", "remove", "a second one.mp4"));
    assertThat(home.resolve("media/a second one.mp4")).doesNotExist();
    assertThat(cli.ok(with(where, "recording", "list"))).contains("known.mp4").doesNotContain(id);
  }

  @Test
  void webhooksAndAnalyzersAreListed() throws Exception {
    Cli cli = new Cli(home);
    String[] where = {"--server", node.node().address().toString(), "--token", node.token()};
    String url = "http://127.0.0.1:9/moodline";
    assertThat(cli.ok(with(where, "webhook", "add", "desk", url, "--event", "alert")))
        .contains("webhook desk stands, revision 1", "its secret, shown this once: ");
    assertThat(cli.ok(with(where, "webhook", "list")).lines())
        .anyMatch(line -> line.startsWith("desk ") && line.endsWith("  " + url));
    JsonNode listed = ApiClient.JSON.readTree(cli.ok(with(where, "webhook", "list", "--json")));
    assertThat(listed.at("/webhooks/0/events")).hasSize(1);
    cli.refused(List.of("news"), with(where, "webhook", "add", "it", url, "--event", "news"));
    cli.ok(with(where, "webhook", "remove", "desk"));
    assertThat(cli.ok(with(where, "webhook", "list"))).doesNotContain("desk");

    await()
        .atMost(Duration.ofMinutes(2))
        .until(() -> cli.ok(with(where, "analyzer", "list")).contains("lite-ferplus"));
    assertThat(cli.ok(with(where, "analyzer", "list", "--json"))).contains("\"analyzers\"");
  }

  @Test
  void whatARuleFoundIsListed() throws Exception {
    Cli cli = new Cli(home);
    String[] where = {"--server", node.node().address().toString(), "--token", node.token()};
    cli.ok(with(where, "rule", "add", "somebody", "faces > 0"));
    await("a rule takes effect a moment after it was written")
        .atMost(Duration.ofMinutes(4))
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              String id = node.replay("known.mp4");
              node.finished(id);
              String[] here = with(where, "--stream", id, "--rule", "somebody");
              String[] json = with(here, "alert", "list", "--json");
              await().atMost(Duration.ofSeconds(30)).until(() -> cli.ok(json).contains("RESOLVED"));
              String start = ApiClient.JSON.readTree(cli.ok(json)).at("/alerts/0/start").asText();
              assertThat(start)
                  .as("the face comes after a second")
                  .startsWith("1970-01-01T00:00:01");
              assertThat(cli.ok(with(here, "alert", "list")).lines())
                  .anyMatch(line -> line.startsWith(start + "  1970-01-01T00:00:0"));
              assertThat(cli.ok(with(here, "alert", "list", "--to", start)))
                  .doesNotContain("somebody");
            });
    assertThat(cli.ok(with(where, "alert", "list", "--limit", "1"))).contains("somebody");
    cli.ok(with(where, "rule", "remove", "somebody"));
    cli.refused(List.of("is not known"), with(where, "alert", "list", "--stream", "nobody"));
  }

  private static String[] with(String[] options, String... command) {
    return Stream.concat(Stream.of(command), Stream.of(options)).toArray(String[]::new);
  }

  @Test
  void aWindowNeedsADesktop() {
    String server = node.node().address().toString();
    Cli.Result window = new Cli(home).run("watch", "--server", server, "--window", "any");
    assertThat(window.code()).isEqualTo(2);
    assertThat(window.err()).contains("no desktop");
  }
}
