package io.moodline.ingest;

import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.TimeSource;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.Locale;

/**
 * What ingest counts. The flow equation of a stream: frames due = published + dropped. Thread-safe.
 */
final class IngestMetrics {
  private final Counter published;
  private final Counter publishedBytes;
  private final Counter timed;
  private final Counter dropped;
  private final Counter aborted;
  private final Counter runs;
  private final Counter decoderFailures;
  private final Counter unreadable;
  private final Gauge streams;
  private final Gauge unanalysed;
  private final Gauge unanalysedBytes;

  IngestMetrics(PrometheusRegistry registry) {
    published =
        Counter.builder()
            .name("moodline_ingest_frames_published_total")
            .help("Frames published and committed.")
            .labelNames("kind")
            .register(registry);
    publishedBytes =
        Counter.builder()
            .name("moodline_ingest_frame_bytes_published_total")
            .help("Bytes of JPEG published and committed.")
            .labelNames("kind")
            .register(registry);
    timed =
        Counter.builder()
            .name("moodline_ingest_frames_timed_total")
            .help("Frames published, by what their capture time was taken from.")
            .labelNames("source")
            .register(registry);
    dropped =
        Counter.builder()
            .name("moodline_ingest_frames_dropped_total")
            .help(
                "Frames that were due but not published: lost (QUEUE_FULL), or left out as asked (NO_MOTION).")
            .labelNames("reason")
            .register(registry);
    dropped.initLabelValues(RunRecord.QUEUE_FULL);
    dropped.initLabelValues(RunRecord.NO_MOTION);
    aborted =
        Counter.builder()
            .name("moodline_ingest_transactions_aborted_total")
            .help("Transactions that were given up and sent again.")
            .register(registry);
    runs =
        Counter.builder()
            .name("moodline_ingest_runs_ended_total")
            .help("Runs that ended, by reason.")
            .labelNames("reason")
            .register(registry);
    decoderFailures =
        Counter.builder()
            .name("moodline_ingest_decoder_failures_total")
            .help("Sources whose decoding broke, by whether another try may help.")
            .labelNames("retry")
            .register(registry);
    unreadable =
        Counter.builder()
            .name("moodline_ingest_records_unreadable_total")
            .help("Records of the streams topic that could not be read.")
            .register(registry);
    streams =
        Gauge.builder()
            .name("moodline_ingest_streams")
            .help("Streams of this instance, by state.")
            .labelNames("state")
            .register(registry);
    unanalysed =
        Gauge.builder()
            .name("moodline_ingest_unanalysed_frames")
            .help("Frames of recordings that were published but not analysed yet.")
            .register(registry);
    unanalysedBytes =
        Gauge.builder()
            .name("moodline_ingest_unanalysed_bytes")
            .help("Bytes of the frames of recordings that were published but not analysed yet.")
            .register(registry);
  }

  void published(StreamKind kind, int bytes) {
    published.labelValues(word(kind)).inc();
    publishedBytes.labelValues(word(kind)).inc(bytes);
  }

  void timed(TimeSource source) {
    timed.labelValues(word(source)).inc();
  }

  void dropped(String reason, long frames) {
    dropped.labelValues(reason).inc(frames);
  }

  void transactionAborted() {
    aborted.inc();
  }

  void runEnded(String reason) {
    runs.labelValues(reason).inc();
  }

  void decoderFailed(boolean retry) {
    decoderFailures.labelValues(Boolean.toString(retry)).inc();
  }

  void unreadable() {
    unreadable.inc();
  }

  void streams(String state, long count) {
    streams.labelValues(state).set(count);
  }

  void unanalysed(long frames, long bytes) {
    unanalysed.set(frames);
    unanalysedBytes.set(bytes);
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
