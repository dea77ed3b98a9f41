package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.moodline.ingest.SyntheticClip;
import io.moodline.ingest.SyntheticClip.Look;
import io.moodline.ingest.SyntheticClip.Pose;
import io.moodline.ingest.SyntheticClip.ScriptedFace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A replay of its own that somebody stops, or kills. */
@Timeout(value = 400, unit = TimeUnit.SECONDS)
class InterruptedReplayTest {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final int SECONDS = 1000;

  @TempDir Path folder;
  private @Nullable Process process;

  @AfterEach
  void stop() throws InterruptedException {
    if (process != null) {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void aStoppedReplayIsNoSuccessAndWhatAKilledOneLeavesIsRemoved() throws Exception {
    ScriptedFace face = ScriptedFace.still(0, SECONDS, Pose.at(160, 90, 100), Look.HAPPINESS);
    new SyntheticClip(320, 180, 5, SECONDS, false, List.of(face)).write(folder.resolve("long.mp4"));
    Process killed = replay();
    Path left = awaitBroker();
    killed.destroyForcibly().waitFor();
    assertThat(left).as("nobody removes it").isDirectory();

    Process stopped = replay();
    await("the broker of the second").atMost(PATIENCE).until(() -> !Files.exists(left));
    awaitBroker();
    await("pictures with faces")
        .atMost(PATIENCE)
        .until(() -> log().matches("(?s).*, [1-9]\\d* faces.*"));
    stopped.destroy();
    assertThat(stopped.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(stopped.exitValue()).as(log()).isEqualTo(128 + 15);
    assertThat(folders()).isEmpty();
    assertThat(folder.resolve("long.csv")).doesNotExist();
  }

  @Test
  void aFolderInUseStays() throws Exception {
    Cli cli = new Cli(folder.resolve("home"));
    String before = System.setProperty("moodline.home", cli.home().toString());
    try (TemporaryFolder first = TemporaryFolder.make("one");
        TemporaryFolder second = TemporaryFolder.make("two")) {
      assertThat(folders()).containsExactlyInAnyOrder(first.path(), second.path());
    } finally {
      if (before == null) {
        System.clearProperty("moodline.home");
      } else {
        System.setProperty("moodline.home", before);
      }
    }
    assertThat(folders()).isEmpty();
  }

  private Process replay() throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dmoodline.home=" + folder.resolve("home"),
                MoodlineCli.class.getName(),
                "replay",
                folder.resolve("long.mp4").toString(),
                "--set",
                "analyzer.threads=1", // so that no machine is done before it is stopped
                "--csv",
                folder.resolve("long.csv").toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile());
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process started = builder.start();
    process = started;
    return started;
  }

  /** Waits until the one folder there is holds a broker. */
  private Path awaitBroker() throws IOException {
    await(log()).atMost(PATIENCE).until(() -> folders().stream().anyMatch(this::holdsBroker));
    assertThat(folders()).hasSize(1);
    return folders().get(0);
  }

  private boolean holdsBroker(Path path) {
    return Files.exists(path.resolve("kafka"));
  }

  private List<Path> folders() throws IOException {
    Path all = folder.resolve("home/tmp");
    if (!Files.exists(all)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(all)) {
      return entries.filter(Files::isDirectory).toList();
    }
  }

  private String log() {
    try {
      return Files.readString(folder.resolve("log"));
    } catch (IOException e) {
      return "no log: " + e;
    }
  }
}
