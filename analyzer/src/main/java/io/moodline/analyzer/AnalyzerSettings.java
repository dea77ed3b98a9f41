package io.moodline.analyzer;

import io.moodline.models.Bundles;
import io.moodline.models.Device;
import io.moodline.runtime.Setting;
import java.time.Duration;
import java.util.List;

/** Settings of the analyzer. Thread-safe. */
public final class AnalyzerSettings {
  public static final Setting<String> DETECTOR =
      Setting.choice(
          "analyzer.detector",
          List.of("auto", YunetDetector.NAME, CascadeDetector.NAME),
          "Face detector; auto takes yunet where its file is in MOODLINE_HOME, else the cascade.");
  public static final Setting<String> MODEL =
      Setting.text(
          "analyzer.model", Bundles.DEFAULT, "Bundle for streams that do not name one themselves.");
  public static final Setting<Integer> THREADS =
      Setting.integer(
          "analyzer.threads",
          0,
          0,
          256,
          "Threads that decode frames, find faces and compute networks; 0 means one for each processor"
              + " that this process may use, a container's limit included.");
  public static final Setting<String> DEVICE =
      Setting.choice(
          "analyzer.device",
          Device.choices(),
          "What computes networks; auto takes TensorRT, else CUDA, else the processor, and says why.");
  public static final Setting<Integer> GPUS =
      Setting.integer(
          "analyzer.gpus",
          0,
          0,
          64,
          "Most GPUs to compute on, with a session each; 0 means all that CUDA shows.");
  public static final Setting<Boolean> HALF =
      Setting.flag(
          "analyzer.tensorrt.half",
          true,
          "Whether TensorRT may compute float32 networks in half precision.");
  public static final Setting<Integer> BATCH_FRAMES =
      Setting.integer(
          "analyzer.batch.frames",
          32,
          1,
          1000,
          "Most frames that are analysed and committed at once.");
  public static final Setting<Duration> BATCH_DEADLINE =
      Setting.duration(
          "analyzer.batch.deadline",
          "20ms",
          "How long a batch that is not full waits for more frames; faces are looked for meanwhile.");
  public static final Setting<Integer> LIVE_WEIGHT =
      Setting.integer(
          "analyzer.live.weight",
          3,
          1,
          100,
          "While live and recorded frames both wait, turns of live ones for each turn of recordings.");
  public static final Setting<Duration> LIVE_MAX_AGE =
      Setting.duration(
          "analyzer.live.max.age",
          "5s",
          "A live frame older than this is skipped as STALE; recordings never are.");

  public static final Setting<Duration> KEEP_LIVE =
      Setting.duration(
          "analyzer.keep.live",
          "1s",
          "How long a face of a live stream that has not changed may keep its scores; 0s scores every face.");
  public static final Setting<Duration> KEEP_RECORDINGS =
      Setting.duration(
          "analyzer.keep.recordings",
          "0s",
          "The same for recordings, in media time; 0s scores every face, so that replays are alike.");

  public static final List<Setting<?>> ALL =
      List.of(
          DETECTOR,
          MODEL,
          THREADS,
          DEVICE,
          GPUS,
          HALF,
          BATCH_FRAMES,
          BATCH_DEADLINE,
          LIVE_WEIGHT,
          LIVE_MAX_AGE,
          KEEP_LIVE,
          KEEP_RECORDINGS);

  private AnalyzerSettings() {}
}
