package io.moodline.sink;

import io.moodline.runtime.Health;
import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.Owned;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.StreamKeys;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sink: faces become timelines, and the HTTP server shows them.
 *
 * <p>Starts the timeline engine, the stream registry and the server, from the bottom up, and closes
 * them in reverse. Thread-safe.
 */
public final class Sink implements AutoCloseable {
  private static final String HEALTH_PART = "http server";

  private final Owned opened = new Owned("the sink");
  private final TimelineApi api;
  private final StreamRegistry registry;
  private final EventRoutes events;
  private final QueryGate gate;
  private final TimelineQueries timelines;

  private Sink(
      StageContext ctx,
      RecordingCheck check,
      SourceCheck sources,
      @Nullable TimelineQueries given) {
    try {
      ctx.health().report(HEALTH_PART, Health.State.STARTING, "");
      MediaFolder media = MediaFolder.open(ctx.settings());
      ApiMetrics metrics = new ApiMetrics(ctx.metrics(), ctx.kafka().topics());
      StreamKeys keys = open(StreamKeys.start("sink", ctx));
      gate = new QueryGate();
      timelines = given == null ? gate : given;
      registry = open(StreamRegistry.start(ctx, metrics));
      RuleRegistry rules = open(RuleRegistry.start(ctx, metrics));
      events = open(new EventRoutes(ctx, registry, metrics));
      WebhookRoutes webhooks = open(new WebhookRoutes(ctx, events, metrics));
      ProbeRoutes probe = new ProbeRoutes(sources, ctx.secrets());
      StreamRoutes streams = new StreamRoutes(ctx, registry, media, check, probe);
      Uploads uploads = new Uploads(media, check, ctx.settings(), metrics);
      TimelineRoutes timelineRoutes = new TimelineRoutes(ctx, registry, timelines);
      ExportRoutes exports = new ExportRoutes(registry, timelines, timelineRoutes);
      DataEraser eraser = open(new DataEraser(ctx, timelines, gate::tracks, gate::alerts, keys));
      open(SegmentCloser.start(ctx));
      PreviewRoutes previews = open(new PreviewRoutes(ctx, registry, keys));
      api =
          open(
              TimelineApi.start(
                  ctx,
                  metrics,
                  List.of(
                      streams,
                      probe,
                      new HistoryRoutes(registry, ctx.clock()),
                      timelineRoutes,
                      new TrackRoutes(registry, gate::tracks, timelineRoutes),
                      exports,
                      new EmotionExport(ctx, registry, exports, metrics),
                      previews,
                      new PauseRoutes(ctx, registry),
                      new EraseRoutes(ctx, registry, timelines, eraser),
                      events,
                      new ReplayRoutes(ctx, registry, timelines, streams, uploads),
                      new RecordingRoutes(registry, media),
                      webhooks,
                      new StoreRoutes(gate),
                      new RuleRoutes(rules),
                      new AlertRoutes(registry, gate::alerts),
                      new ModelRoutes(open(AnalyzerRegistry.start(ctx, metrics))),
                      new SystemRoutes(ctx),
                      new ContractRoutes(ctx.kafka().topics()),
                      new WebPage())));
      if (given == null) {
        TimelineEngine engine = open(TimelineEngine.start(ctx, api.address(), keys));
        gate.open(engine);
      }
      open(previews::endViewers);
      open(events::endReaders); // before the server, which waits for open requests
      ctx.health().report(HEALTH_PART, Health.State.UP, "");
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Starts the sink and returns when the server answers; {@code /health/ready} says when all parts
   * are up.
   *
   * @param check looks into recordings before streams are made of them
   * @param sources looks at sources on request
   * @throws io.moodline.runtime.UserException when the port is busy or the address is refused
   */
  public static Sink start(StageContext ctx, RecordingCheck check, SourceCheck sources) {
    return new Sink(ctx, check, sources, null);
  }

  /**
   * Looks whether the HTTP server could start now; costs nothing and starts nothing.
   *
   * @throws io.moodline.runtime.UserException when the port is busy or the address is refused
   */
  public static void checkAddress(Settings settings) {
    TimelineApi.checkAddress(settings);
  }

  /** Starts the HTTP half alone, over timelines that are kept elsewhere. */
  static Sink start(
      StageContext ctx, RecordingCheck check, SourceCheck sources, TimelineQueries timelines) {
    return new Sink(ctx, check, sources, timelines);
  }

  /** Port of the HTTP server. */
  public int port() {
    return api.port();
  }

  TimelineApi api() {
    return api;
  }

  StreamRegistry registry() {
    return registry;
  }

  /** Answers about every stream, wherever its stores are. */
  TimelineQueries queries() {
    return timelines;
  }

  /** Answers about every track, wherever its stores are. */
  TrackQueries tracks() {
    return gate.tracks();
  }

  /** Answers about alerts, wherever their stores are. */
  AlertQueries alerts() {
    return gate.alerts();
  }

  /** Answers from the stores of this instance alone. */
  StoreAsker stores() {
    return gate;
  }

  EventRoutes events() {
    return events;
  }

  private <T extends AutoCloseable> T open(T part) {
    return opened.add(part);
  }

  @Override
  public void close() {
    opened.close();
  }
}
