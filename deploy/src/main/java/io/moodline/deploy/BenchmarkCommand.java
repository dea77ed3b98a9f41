package io.moodline.deploy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.analyzer.AnalyzerSettings;
import io.moodline.ingest.FfmpegDecode;
import io.moodline.models.Bundle;
import io.moodline.models.Bundles;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code moodline benchmark}: what the pipeline costs beside what can not be avoided, as ratios
 * that are measured in one run on one machine. Prints JSON.
 */
@Command(
    name = "benchmark",
    description = "Measure this machine: ratios of one run, as JSON; less than two minutes.")
final class BenchmarkCommand implements Callable<Integer> {
  @Mixin SettingsOptions options = new SettingsOptions();

  @Option(
      names = "--video",
      paramLabel = "FILE",
      description = "Recording to measure with (default: one that is drawn, with one face).")
  @Nullable Path video;

  @Option(
      names = "--seconds",
      defaultValue = "20",
      description = "Length of the drawn recording (default: ${DEFAULT-VALUE}).")
  double seconds;

  @Option(
      names = "--fps",
      defaultValue = "5",
      description = "Frames to analyse per second of media (default: ${DEFAULT-VALUE}).")
  double framesPerSecond;

  @Option(
      names = "--faces",
      defaultValue = "2000",
      description =
          "Faces that are scored while memory is watched (default: ${DEFAULT-VALUE}; a million"
              + " takes long).")
  int faces;

  @Override
  public Integer call() throws InterruptedException, IOException {
    if (seconds < 1 || framesPerSecond <= 0 || faces < 1) {
      throw new UserException("--seconds, --fps and --faces must be at least 1");
    }
    Path folder =
        Files.createTempDirectory(
            Files.createDirectories(SettingsOptions.home().resolve("tmp")), "benchmark");
    try {
      Path file = video == null ? folder.resolve("drawn.mp4") : video.toRealPath();
      if (video == null) {
        PipelineBenchmark.clip(seconds).write(file);
      }
      System.out.println(measure(file, folder).toPrettyString());
      return 0;
    } finally {
      TemporaryFolder.delete(folder);
    }
  }

  private ObjectNode measure(Path file, Path folder) throws InterruptedException, IOException {
    Settings settings = settings(file, folder);
    Bundle bundle =
        new Bundles(ModelCommand.bundles()).resolve(settings.get(AnalyzerSettings.MODEL));
    ProgressLine line = ProgressLine.onStandardError();
    ObjectNode result = ApiClient.object();
    result
        .putObject("machine")
        .put("processors", Runtime.getRuntime().availableProcessors())
        .put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"))
        .put("java", System.getProperty("java.version"));
    PipelineBenchmark pipeline = new PipelineBenchmark(settings, file, framesPerSecond, line);

    line.step("decoding with FFmpeg alone ...");
    double bareDecode = FfmpegDecode.seconds(file);
    double publish = pipeline.publishSeconds();
    result
        .putObject("decodeAndPublish")
        .put("ffmpegSeconds", bareDecode)
        .put("seconds", publish)
        .put("ratio", bareDecode / publish);

    ObjectNode analysed = pipeline.analyse();
    line.step("scoring with the session alone ...");
    FaceBenchmark bare = new FaceBenchmark(bundle, settings);
    ObjectNode session = bare.session();
    double inside = analysed.path("facesPerClassifySecond").asDouble();
    session.put("pipelineFacesPerSecond", inside);
    session.put("ratio", inside / session.path("bestFacesPerSecond").asDouble());
    result.set("classification", session);
    result.set("pipeline", analysed);

    line.step("watching memory ...");
    result.set("memory", bare.memory(faces));
    line.done();
    return result;
  }

  private Settings settings(Path file, Path folder) {
    return options.load(
        Map.of(
            "http.port",
            "0",
            "broker.port",
            "0",
            "status.port",
            "0",
            "data.folder",
            folder.resolve("data").toString(),
            "media.folder",
            String.valueOf(file.getParent()),
            "ingest.unanalysed.frames",
            "10000"));
  }
}
