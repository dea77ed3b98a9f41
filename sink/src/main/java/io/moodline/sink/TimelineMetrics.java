package io.moodline.sink;

import io.moodline.schemas.v1.EmotionSegment;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.TrackEvent;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.List;
import java.util.Locale;

/**
 * Counters of the timelines. Flow: records of {@code faces.v1} = frames + ends + duplicates +
 * unreadable + erased; frames = frames in windows + late. A transaction that is aborted and done
 * again counts twice here, never in ledgers and windows. Thread-safe.
 */
final class TimelineMetrics implements AutoCloseable {
  private final PrometheusRegistry registry;
  private final Counter frames;
  private final Counter ends;
  private final Counter faces;
  private final Counter duplicates;
  private final Counter missing;
  private final Counter late;
  private final Counter erased;
  private final Counter tracks;
  private final Counter segments;
  private final Counter alerts;
  private final Counter unreadableRules;
  private final Counter unreadable;
  private final Counter windows;
  private final Counter unreadableWindows;
  private final Counter replacedThreads;

  TimelineMetrics(PrometheusRegistry registry) {
    this.registry = registry;
    frames = counter("frames", "Frames counted, by what became of them.", "outcome");
    ends = counter("run_ends", "End marks of runs counted.");
    faces = counter("faces", "Faces in the frames counted.");
    duplicates = counter("duplicates", "Frames and end marks that were counted before.");
    missing = counter("missing", "Frames that a later sequence shows to be missing.");
    late = counter("late", "Frames counted in their ledger only: too late for their windows.");
    erased = counter("erased", "Records left out: the key of their stream was thrown away.");
    tracks = counter("track_events", "What happened to tracks.", "event");
    segments = counter("segments", "Segments published, revisions included.", "final");
    alerts = counter("alerts", "Alerts published.", "state");
    unreadableRules = counter("unreadable_rules", "Looks at a rule that could not be read.");
    unreadable = counter("unreadable", "Records of faces.v1 sent to dead letters.", "reason");
    // An alert looks at what is added, and the first of a series would not be.
    List.of("UNREADABLE", "INCONSISTENT", "BROKEN_SEAL").forEach(unreadable::initLabelValues);
    windows = counter("windows", "Windows published, revisions included.");
    unreadableWindows = counter("unreadable_windows", "Windows left out of an answer.");
    replacedThreads = counter("replaced_threads", "Stream threads replaced after an error.");
  }

  void counted(FrameFaces frame) {
    if (frame.getEndOfRun() != null) {
      ends.inc();
      return;
    }
    frames.labelValues(frame.getOutcome().toString().toLowerCase(Locale.ROOT)).inc();
    faces.inc(frame.getFaces().size());
  }

  void duplicate() {
    duplicates.inc();
  }

  void missing(long count) {
    missing.inc(count);
  }

  void late() {
    late.inc();
  }

  void erased() {
    erased.inc();
  }

  void track(TrackEvent event) {
    tracks.labelValues(event.toString().toLowerCase(Locale.ROOT)).inc();
  }

  void segment(EmotionSegment segment) {
    segments.labelValues(Boolean.toString(segment.getIsFinal())).inc();
  }

  void alert(boolean firing) {
    alerts.labelValues(firing ? "firing" : "resolved").inc();
  }

  void unreadableRule() {
    unreadableRules.inc();
  }

  void unreadable(String reason) {
    unreadable.labelValues(reason).inc();
  }

  void published() {
    windows.inc();
  }

  void unreadableWindow() {
    unreadableWindows.inc();
  }

  void replacedThread() {
    replacedThreads.inc();
  }

  /** Takes the counters out of the registry, so that the sink can start again in this process. */
  @Override
  public void close() {
    List.of(
            frames,
            ends,
            faces,
            duplicates,
            missing,
            late,
            erased,
            tracks,
            segments,
            alerts,
            unreadableRules,
            unreadable,
            windows,
            unreadableWindows,
            replacedThreads)
        .forEach(registry::unregister);
  }

  private Counter counter(String name, String help, String... labels) {
    return Counter.builder()
        .name("moodline_timelines_" + name)
        .help(help)
        .labelNames(labels)
        .register(registry);
  }
}
