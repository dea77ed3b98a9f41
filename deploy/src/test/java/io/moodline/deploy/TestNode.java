package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.ingest.SyntheticClip;
import io.moodline.runtime.Settings;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A whole Moodline in this process, on free ports, with its home in a folder of the test's. */
final class TestNode implements AutoCloseable {
  private final Path home;
  private final Node node;
  private final String token;
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  private TestNode(Path home, Map<String, String> more) throws InterruptedException {
    this.home = home;
    Map<String, String> set = new HashMap<>(more);
    set.put("http.port", "0");
    set.put("broker.port", "0");
    boolean tokens = Boolean.parseBoolean(set.get("http.tokens.always"));
    token = tokens ? new Cli(home).ok("token", "create", "admin").strip() : "";
    Settings settings = Settings.load(home, SettingsOptions.ALL, Map.of(), set);
    node =
        Node.start(settings, EnumSet.allOf(Node.Role.class), (thread, cause) -> failure.set(cause));
    node.awaitReady(Duration.ofMinutes(3));
  }

  static TestNode start(Path home) throws InterruptedException {
    return new TestNode(home, Map.of());
  }

  static TestNode start(Path home, Map<String, String> settings) throws InterruptedException {
    return new TestNode(home, settings);
  }

  /** Draws a clip into the media folder. */
  static void addRecording(Path home, String name, SyntheticClip clip) throws Exception {
    Path media = Files.createDirectories(home.resolve("media"));
    clip.write(media.resolve(name));
  }

  ApiClient api() {
    return new ApiClient(node.address(), token);
  }

  /** What the API demands; empty without {@code http.tokens.always}. */
  String token() {
    return token;
  }

  Node node() {
    return node;
  }

  Path home() {
    return home;
  }

  ReplayRun replays() {
    return new ReplayRun(
        api(), new ProgressLine(new PrintStream(OutputStream.nullOutputStream()), false));
  }

  /** Starts a replay and returns its id. */
  String replay(String recording) {
    ObjectNode request = ApiClient.object().put("recording", recording).put("purpose", "research");
    return replays().start(request).path("id").asText();
  }

  /** Waits for a replay's end. */
  JsonNode finished(String id) throws InterruptedException {
    return replays().await(id);
  }

  /** Fails when a thread of the node met what it did not expect. */
  @Override
  public void close() {
    node.close();
    Throwable cause = failure.get();
    if (cause != null) {
      throw new AssertionError("a thread of the node failed", cause);
    }
  }
}
