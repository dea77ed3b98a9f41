package io.moodline.sink;

import io.moodline.schemas.Topics;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/**
 * What the HTTP half of the sink counts. Opened readers = cut + closed + open. Thread-safe.
 *
 * <p>Route labels are the declared paths, never what a caller typed.
 */
final class ApiMetrics {
  final Counter requests;
  final Histogram seconds;
  final Gauge eventReaders;
  final Counter eventReadersOpened;
  final Counter eventReadersCut;
  final Counter eventsSent;
  final Counter eventGaps;
  final Counter eventCatchUps;
  final Counter unreadable;
  final Counter uploadedBytes;
  final Gauge streams;

  ApiMetrics(PrometheusRegistry registry, Topics topics) {
    requests =
        Counter.builder()
            .name("moodline_http_requests")
            .help("Requests answered, by route and status.")
            .labelNames("method", "route", "status")
            .register(registry);
    seconds =
        Histogram.builder()
            .name("moodline_http_request_seconds")
            .help("Time until an answer was made, by route; of an event stream, until it began.")
            .labelNames("method", "route")
            .classicUpperBounds(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10)
            .register(registry);
    eventReaders =
        Gauge.builder()
            .name("moodline_http_event_readers")
            .help("Readers of events (server-sent, WebSocket) that are connected now.")
            .register(registry);
    eventReadersOpened =
        Counter.builder()
            .name("moodline_http_event_readers_opened")
            .help("Readers of events that were let in.")
            .register(registry);
    eventReadersCut =
        Counter.builder()
            .name("moodline_http_event_readers_cut")
            .help("Readers of events that were cut for taking nothing.")
            .register(registry);
    eventsSent =
        Counter.builder()
            .name("moodline_http_events_sent")
            .help("Events written to readers, by name.")
            .labelNames("event")
            .register(registry);
    eventGaps =
        Counter.builder()
            .name("moodline_http_event_gaps")
            .help("Readers that resumed from an id whose successors the log no longer holds.")
            .register(registry);
    eventCatchUps =
        Counter.builder()
            .name("moodline_http_event_catch_ups")
            .help("Pieces of the log that were read for one reader who was behind the others.")
            .register(registry);
    unreadable =
        Counter.builder()
            .name("moodline_sink_unreadable_records")
            .help("Records that could not be read, by topic; each is dead-lettered.")
            .labelNames("topic")
            .register(registry);
    // An alert on a counter sees its first event only where the zero before it was seen.
    topics.all().forEach(topic -> unreadable.initLabelValues(topic.name()));
    uploadedBytes =
        Counter.builder()
            .name("moodline_http_uploaded_bytes")
            .help("Bytes of recordings received, kept or not.")
            .register(registry);
    streams =
        Gauge.builder()
            .name("moodline_sink_streams")
            .help("Streams that are registered.")
            .register(registry);
  }
}
