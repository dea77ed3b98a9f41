package io.moodline.ingest;

import io.moodline.runtime.Failures;
import io.moodline.runtime.Health;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.Owned;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.StreamKeys;
import io.moodline.runtime.Worker;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.Duration;

/**
 * The ingest of one process: wires the stage, starts its thread and closes everything in reverse.
 * What the stage does is in {@link StreamReader}. Thread-safe.
 */
public final class Ingest implements AutoCloseable {
  static final String HEALTH_PART = "ingest";
  static final String DECODING_PART = "decoding";

  private final Owned owned = new Owned("ingest");

  private Ingest() {}

  /** Starts the stage and returns at once; the health part {@code ingest} tells how it goes. */
  public static Ingest start(StageContext context) {
    Settings settings = context.settings();
    return start(context, decoders(settings, true, context.failures()));
  }

  /**
   * Decoders as the settings say.
   *
   * @param keepsSpare whether a child waits for the next source
   */
  static Decoders decoders(Settings settings, boolean keepsSpare, Failures failures) {
    Duration silence = settings.get(IngestSettings.RECONNECT_AFTER);
    Dialer.Patience usual = Dialer.Patience.USUAL;
    return new LinkedDecoders(
        DecoderPool.start(
            new FfmpegOrder(
                settings.get(IngestSettings.PICTURE_MAX_WIDTH),
                settings.get(IngestSettings.JPEG_QUALITY),
                HardwareWish.of(settings.get(IngestSettings.DECODER_HARDWARE))),
            DecoderProcess.Patience.USUAL,
            keepsSpare,
            failures),
        policy(settings),
        Dialer.of(
            settings.get(IngestSettings.TLS_AUTHORITIES),
            new Dialer.Patience(usual.connect(), usual.open(), silence)));
  }

  static AddressPolicy policy(Settings settings) {
    return new AddressPolicy(
        InetAddress::getAllByName, AddressRange.list(settings.get(IngestSettings.NETWORKS)));
  }

  /** Starts with decoders that the ingest owns from now on. */
  static Ingest start(StageContext context, Decoders decoders) {
    Ingest ingest = new Ingest();
    try {
      context.health().report(HEALTH_PART, Health.State.STARTING, "joining the group");
      ingest.open(context, ingest.own(decoders));
      return ingest;
    } catch (RuntimeException | Error e) {
      ingest.close();
      throw e;
    }
  }

  private void open(StageContext context, Decoders decoders) {
    KafkaConnection kafka = context.kafka();
    Settings settings = context.settings();
    IngestMetrics metrics = new IngestMetrics(context.metrics());
    StreamWork work =
        new StreamWork(
            context.instance(),
            decoders,
            own(new SourceOrders(MediaFolder.open(settings), context.secrets(), policy(settings))),
            own(StreamKeys.start("ingest", context)),
            own(new FramePublisher(kafka, context.instance())),
            own(new Unanalysed(kafka)),
            metrics,
            new StreamWork.Limits(
                new Credits.Most(
                    settings.get(IngestSettings.UNANALYSED_FRAMES),
                    settings.get(IngestSettings.UNANALYSED_MEGABYTES) * 1_000_000L),
                settings.get(IngestSettings.LIVE_QUEUE_FRAMES),
                settings.get(IngestSettings.STALL_AFTER),
                settings.get(IngestSettings.RECONNECT_AFTER)),
            context.clock(),
            new SecureRandom());
    StreamReader reader =
        new StreamReader(
            work,
            own(new StatusLog(kafka, metrics)),
            context.health(),
            settings.get(IngestSettings.COMMIT_INTERVAL),
            owner -> new StreamIntake(kafka, context.instance(), context.clock(), owner));
    reportHardware(context);
    own(Worker.start("ingest-streams", reader::run, reader::wakeUp, context.failures()));
  }

  /** What there is to decode with, found out beside the start: it takes a process of its own. */
  private void reportHardware(StageContext context) {
    String asked = context.settings().get(IngestSettings.DECODER_HARDWARE);
    if (asked.equals(HardwareWish.OFF)) {
      context.health().report(DECODING_PART, Health.State.UP, "software");
      return;
    }
    context.health().report(DECODING_PART, Health.State.UP, asked + " is looked for");
    own(
        Worker.start(
            "ingest-hardware",
            worker ->
                context
                    .health()
                    .report(
                        DECODING_PART, Health.State.UP, HardwareList.text(asked, worker::stopping)),
            () -> {},
            context.failures()));
  }

  private <T extends AutoCloseable> T own(T part) {
    return owned.add(part);
  }

  /** Stops the streams, then the decoders. A second call does nothing. */
  @Override
  public void close() {
    owned.close();
  }
}
