package io.moodline.analyzer;

import io.moodline.runtime.Failures;
import io.moodline.runtime.Health;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.schemas.Topics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;

/** An analyzer in a process of its own, so that a test can kill it as the system would. */
final class AnalyzerProcess {
  private AnalyzerProcess() {}

  /** Starts one; its output goes to {@code log}. */
  static Process start(KafkaConnection kafka, Path home, String instance, File log)
      throws IOException {
    return new ProcessBuilder(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                AnalyzerProcess.class.getName(),
                kafka.bootstrapServers(),
                kafka.topics().prefix(),
                home.toString(),
                instance))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
        .start();
  }

  /** Analyses until it is killed. */
  public static void main(String[] args) throws Exception {
    Path home = Path.of(args[2]);
    var kafka = new KafkaConnection(args[0], new Topics(args[1]), TestKafka.PARTITIONS);
    Analyzer.start(
        new StageContext(
            args[3],
            Settings.load(
                home,
                AnalyzerSettings.ALL,
                Map.of(),
                Map.of("analyzer.batch.frames", "8", "analyzer.threads", "2")),
            kafka,
            new PrometheusRegistry(),
            new Health(),
            SecretBox.open(home.resolve("secrets")),
            Failures.exitProcess(),
            Clock.systemUTC()));
    Thread.currentThread().join();
  }
}
