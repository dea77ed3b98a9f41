package io.moodline.deploy;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Stages of Moodline, each in a process of its own, as {@code moodline serve --stages} starts them.
 * They share the secret key and the media folder, as the processes of a deployment do, and nothing
 * else but Kafka. Confined to one thread.
 */
final class Cluster implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Pattern ADDRESS = Pattern.compile("Dashboard: (http://\\S+)");

  private final Path home;
  private final String kafka;
  private final Map<String, Process> processes = new LinkedHashMap<>();

  Cluster(Path home, String kafka) {
    this.home = home;
    this.kafka = kafka;
  }

  /** Starts a sink and returns the address of its API. */
  URI startSink() throws IOException {
    start("sink", "only");
    return URI.create(awaitOutput("sink-only", ADDRESS).group(1));
  }

  /** Starts a stage and waits until it is ready. */
  void start(String stage, String name) throws IOException {
    String id = stage + "-" + name;
    Path own = Files.createDirectories(home.resolve(id));
    Path key = home.resolve("secret.key");
    if (Files.exists(key)) {
      Files.copy(key, own.resolve("secret.key"));
    }
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dmoodline.home=" + own,
                MoodlineCli.class.getName(),
                "serve",
                "--stages",
                stage));
    Map.of(
            "kafka.bootstrap.servers",
            kafka,
            "instance.id",
            id,
            "media.folder",
            home.resolve("media").toString(),
            "http.port",
            "0",
            "status.port",
            "0")
        .forEach((setting, value) -> command.addAll(List.of("--set", setting + "=" + value)));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    // The class path goes through the environment, as in the launcher.
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    processes.put(id, builder.redirectOutput(log(id).toFile()).start());
    awaitOutput(id, Pattern.compile("Ready\\.|Dashboard:"));
    if (!Files.exists(key)) {
      Files.copy(own.resolve("secret.key"), key);
    }
  }

  /** Kills a stage as the system would: kill -9, without a word. */
  void kill(String stage, String name) throws InterruptedException {
    processes.remove(stage + "-" + name).destroyForcibly().waitFor();
  }

  /** Fails with the log of a stage that ended by itself. */
  void assertAlive() {
    processes.forEach(
        (id, process) -> {
          if (!process.isAlive()) {
            throw new AssertionError(id + " ended with " + process.exitValue() + ":\n" + text(id));
          }
        });
  }

  private Matcher awaitOutput(String id, Pattern wanted) {
    await(id)
        .atMost(PATIENCE)
        .until(
            () -> {
              assertAlive();
              return wanted.matcher(text(id)).find();
            });
    Matcher found = wanted.matcher(text(id));
    found.find();
    return found;
  }

  private Path log(String id) {
    return home.resolve(id + ".log");
  }

  private String text(String id) {
    try {
      return Files.readString(log(id));
    } catch (IOException e) {
      return "no log: " + e;
    }
  }

  @Override
  public void close() throws InterruptedException {
    processes.values().forEach(Process::destroy);
    for (Process process : processes.values()) {
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    }
  }
}
