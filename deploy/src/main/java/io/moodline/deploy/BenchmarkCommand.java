package io.moodline.deploy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.analyzer.AnalyzerSettings;
import io.moodline.deploy.PipelineBenchmark.IngestTime;
import io.moodline.deploy.PipelineBenchmark.Load;
import io.moodline.deploy.PipelineBenchmark.Spent;
import io.moodline.ingest.FfmpegDecode;
import io.moodline.ingest.FfmpegDecode.Took;
import io.moodline.models.Bundle;
import io.moodline.models.Bundles;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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
    description = "Measure this machine: ratios of one run, as JSON; some three minutes.")
final class BenchmarkCommand implements Callable<Integer> {
  @Mixin SettingsOptions options = new SettingsOptions();

  @Option(
      names = "--video",
      paramLabel = "FILE",
      description = "Recording to measure with (default: one that is drawn).")
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
      names = "--faces-per-frame",
      defaultValue = "8",
      description = "Faces in the drawn recording, at most 40 (default: ${DEFAULT-VALUE}).")
  int facesPerFrame;

  @Option(
      names = "--streams",
      defaultValue = "2",
      description =
          "Streams that replay the recording at the same time (default: ${DEFAULT-VALUE}).")
  int streams;

  @Option(
      names = "--cameras",
      split = ",",
      paramLabel = "N",
      description = "Numbers of cameras to decode at the same time, such as 1,4,16,64.")
  List<Integer> cameras = List.of();

  @Option(
      names = "--faces",
      defaultValue = "2000",
      description =
          "Faces that are scored while memory is watched, 0 for none (default: ${DEFAULT-VALUE}).")
  int faces;

  @Option(
      names = "--minutes",
      defaultValue = "60",
      description =
          "Memory is watched no longer than this, whatever --faces says (default: ${DEFAULT-VALUE}).")
  int minutes;

  @Override
  public Integer call() throws InterruptedException, IOException {
    if (seconds < 1 || framesPerSecond <= 0 || faces < 0 || minutes < 1) {
      throw new UserException("--seconds, --fps and --minutes must be at least 1, --faces 0");
    }
    if (cameras.stream().anyMatch(count -> count < 1 || count > 500)
        || !cameras.equals(cameras.stream().sorted().distinct().toList())) {
      throw new UserException("--cameras must be rising numbers from 1 to 500, such as 1,4,16,64");
    }
    if (facesPerFrame < 1 || facesPerFrame > 40 || streams < 1 || streams > 100) {
      throw new UserException("--faces-per-frame must be 1 to 40, --streams 1 to 100");
    }
    try (TemporaryFolder temporary = TemporaryFolder.make("benchmark")) {
      Path folder = temporary.path();
      Path file = video == null ? folder.resolve("drawn.mp4") : video.toRealPath();
      if (video == null) {
        PipelineBenchmark.clip(seconds, facesPerFrame).write(file);
      }
      System.out.println(measure(file, folder).toPrettyString());
      return 0;
    }
  }

  private ObjectNode measure(Path file, Path folder) throws InterruptedException, IOException {
    Settings settings = settings(file, folder.resolve("analysed"));
    Bundle bundle =
        new Bundles(ModelCommand.bundles()).resolve(settings.get(AnalyzerSettings.MODEL));
    ProgressLine line = ProgressLine.onStandardError();
    ObjectNode result = ApiClient.object();
    result
        .putObject("machine")
        .put("processors", Runtime.getRuntime().availableProcessors())
        .put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"))
        .put("java", System.getProperty("java.version"));
    Load load = new Load(framesPerSecond, streams);
    PipelineBenchmark pipeline = new PipelineBenchmark(settings, file, load, line);

    line.step("decoding with FFmpeg alone ...");
    Took bareDecode = FfmpegDecode.run(file);
    IngestTime ingest =
        new PipelineBenchmark(settings(file, folder.resolve("published")), file, load, line)
            .ingest();
    line.step("decoding with FFmpeg alone ...");
    bareDecode = bareDecode.best(FfmpegDecode.run(file));
    describe(result.putObject("decode"), bareDecode, ingest.decode());
    describe(result.putObject("decodeAndPublish"), bareDecode, ingest.publish());

    // Before and after, and the best of both: other programs' load comes and goes.
    FaceBenchmark faceBenchmark = new FaceBenchmark(bundle, settings);
    BareRates bare = new BareRates();
    measure(faceBenchmark, bare, line);
    ObjectNode analysed = pipeline.analyse();
    measure(faceBenchmark, bare, line);
    ObjectNode classification = faceBenchmark.describe();
    bare.writeTo(classification);
    classification
        .putObject("share")
        .put("pipeline", rate(analysed, "facesPerSecond") / bare.bestBySecond())
        .put("classify", rate(analysed, "facesPerClassifySecond") / bare.bestBySecond())
        .put(
            "classifyProcessor",
            rate(analysed, "facesPerClassifyProcessorSecond") / bare.bestByProcessorSecond())
        .put(
            "classifyProcessorOfOneThread",
            rate(analysed, "facesPerClassifyProcessorSecond") / bare.bestByThreadSecond());
    result.set("classification", classification);
    result.set("pipeline", analysed);

    if (!cameras.isEmpty()) {
      Path sent = folder.resolve("camera.ts");
      PipelineBenchmark.clip(seconds, facesPerFrame).write(sent);
      result.set(
          "cameras",
          new CameraBenchmark(settings(file, folder.resolve("cameras")), framesPerSecond, line)
              .measure(cameras, sent, seconds));
    }
    if (faces > 0) {
      line.step("watching memory ...");
      result.set("memory", faceBenchmark.memory(faces, Duration.ofMinutes(minutes), line));
    }
    line.done();
    return result;
  }

  private static void describe(ObjectNode result, Took ffmpeg, Spent spent) {
    result
        .put("ffmpegSeconds", ffmpeg.seconds())
        .put("seconds", spent.seconds())
        .put("ratio", ffmpeg.seconds() / spent.seconds())
        .put("ffmpegProcessorSeconds", ffmpeg.processorSeconds())
        .put("decoderProcessorSeconds", spent.decoderSeconds())
        .put("processorRatio", ffmpeg.processorSeconds() / spent.decoderSeconds());
  }

  private static void measure(FaceBenchmark faces, BareRates bare, ProgressLine line) {
    line.step("scoring with the network alone ...");
    faces.session(bare);
    faces.shared(bare);
  }

  private static double rate(ObjectNode measured, String name) {
    return measured.path(name).asDouble();
  }

  private Settings settings(Path file, Path data) {
    return options.loadAlone(
        Map.of(
            "http.port",
            "0",
            "broker.port",
            "0",
            "status.port",
            "0",
            "data.folder",
            data.toString(),
            "media.folder",
            String.valueOf(file.getParent()),
            "ingest.unanalysed.megabytes",
            "100000",
            "ingest.unanalysed.frames",
            "10000"));
  }
}
