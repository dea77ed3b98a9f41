package io.moodline.sink;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.runtime.StageContext;
import io.moodline.schemas.SourceUri;
import io.moodline.schemas.v1.EndOfRun;
import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.StreamState;
import io.moodline.schemas.v1.StreamStatus;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Recordings taken in and analysed. A replay is a stream of its own, so every recording's stream
 * can be looked at as a replay: how far it has come, and whether each of its frames has ended in
 * the timeline. Thread-safe.
 */
final class ReplayRoutes implements Resource {
  private static final Set<String> FIELDS =
      Set.of(
          "recording",
          "source",
          "name",
          "purpose",
          "labels",
          "framesPerSecond",
          "sampling",
          "start",
          "model");

  /** All is read; the analysis of some frames has not reached the timeline yet. */
  private static final String ANALYSING = "ANALYSING";

  private static final int FORM_BUFFER_BYTES = 128 * 1024;

  private final StageContext stage;
  private final StreamRegistry registry;
  private final TimelineQueries timelines;
  private final StreamRoutes streams;
  private final Uploads uploads;
  private final SecureRandom random = new SecureRandom();

  ReplayRoutes(
      StageContext stage,
      StreamRegistry registry,
      TimelineQueries timelines,
      StreamRoutes streams,
      Uploads uploads) {
    this.stage = stage;
    this.registry = registry;
    this.timelines = timelines;
    this.streams = streams;
    this.uploads = uploads;
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.post("/api/v1/recordings", Role.OPERATOR, this::upload),
        Route.post("/api/v1/replays", Role.OPERATOR, this::create),
        Route.get("/api/v1/replays", Role.VIEWER, this::list),
        Route.get("/api/v1/replays/{id}", Role.VIEWER, this::get),
        Route.delete("/api/v1/replays/{id}", Role.OPERATOR, this::cancel));
  }

  void upload(Context ctx) throws IOException, InterruptedException {
    String type = ctx.contentType();
    boolean isForm = type != null && type.startsWith("multipart/");
    Uploads.Taken taken =
        uploads.take(
            () -> isForm ? form(ctx) : plain(ctx),
            isForm ? -1 : ctx.req().getContentLengthLong(), // a form's length is not the file's
            Answers.disconnecting(ctx));
    Answers.json(
        ctx,
        201,
        JsonNodeFactory.instance
            .objectNode()
            .put("recording", taken.name())
            .put("source", "file:" + taken.name())
            .put("bytes", taken.bytes())
            .put("container", taken.container().name()));
  }

  private static Uploads.Sent plain(Context ctx) throws IOException {
    return new Uploads.Sent(ctx.req().getInputStream(), ctx.queryParam("name"));
  }

  private static Uploads.Sent form(Context ctx) throws IOException {
    FormFile file =
        FormFile.open(
            String.valueOf(ctx.contentType()),
            new BufferedInputStream(ctx.req().getInputStream(), FORM_BUFFER_BYTES));
    return new Uploads.Sent(file, Optional.ofNullable(ctx.queryParam("name")).orElse(file.name()));
  }

  void create(Context ctx) {
    JsonBody body = JsonBody.read(ctx, FIELDS);
    StreamRequest request =
        StreamRequest.of(
            body, recording(body), stage.settings().get(SinkSettings.FRAMES_PER_SECOND));
    String id = freshId();
    StreamView created = streams.edit(id, request).stream();
    ctx.header("Location", "/api/v1/replays/" + id);
    Answers.json(ctx, 201, replay(created));
  }

  private static SourceUri recording(JsonBody body) {
    Optional<String> recording = body.text("recording", 1000);
    Optional<String> source = body.text("source", 4000);
    if (recording.isPresent() == source.isPresent()) {
      throw Problem.unprocessable(
          "give either recording, the name that the upload answered, or source, a file: address");
    }
    SourceUri uri = StreamRequest.source(source.orElseGet(() -> "file:" + recording.orElseThrow()));
    if (uri.isLive()) {
      throw Problem.unprocessable("only a recording can be replayed: give a file: address");
    }
    return uri;
  }

  private String freshId() {
    while (true) {
      String id = "replay-" + Long.toString(random.nextLong(36L * 36 * 36 * 36 * 36 * 36), 36);
      if (registry.find(id).isEmpty()) {
        return id;
      }
    }
  }

  void list(Context ctx) {
    Page page = Page.read(ctx);
    List<StreamView> replays = registry.all().stream().filter(StreamJson::isRecording).toList();
    Answers.json(ctx, 200, page.of("replays", replays, StreamView::id, this::replay));
  }

  void get(Context ctx) {
    Answers.json(ctx, 200, replay(find(ctx)));
  }

  void cancel(Context ctx) {
    registry.remove(find(ctx).id());
    ctx.status(204);
  }

  private StreamView find(Context ctx) {
    String id = StreamRoutes.id(ctx);
    return registry
        .find(id)
        .filter(StreamJson::isRecording)
        .orElseThrow(() -> Problem.notFound("replay '" + id + "' is not known"));
  }

  private ObjectNode replay(StreamView stream) {
    StreamStatus status = stream.currentStatus().orElse(null);
    String run = status == null ? null : status.getRunId();
    RunLedger ledger = run == null ? null : timelines.ledger(stream.id(), run).orElse(null);
    boolean settled = run != null && timelines.settled(stream.id(), run);
    String state = state(status, settled);
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("id", stream.id())
        .put("stream", stream.id())
        .put("name", stream.spec().getName())
        .put("source", stream.spec().getSource())
        .put("state", state)
        .put("reason", reason(status, ledger))
        .put("run", run)
        .put("progress", progress(state, status, ledger));
    putAccount(node, status, ledger);
    node.put("durationMicros", status == null ? null : status.getDurationMicros())
        .put("positionMicros", ledger == null ? 0 : Math.max(0, ledger.getLastMediaTimeMicros()))
        .put(
            "start",
            Times.show(
                Optional.ofNullable(stream.spec().getStart()).orElse(java.time.Instant.EPOCH)))
        .put("revision", stream.spec().getRevision())
        .put("createdAt", Times.show(stream.spec().getCreatedAt()));
    return node;
  }

  private static String state(@Nullable StreamStatus status, boolean settled) {
    if (status == null) {
      return StreamJson.WAITING;
    }
    return status.getState() == StreamState.FINISHED && !settled
        ? ANALYSING
        : status.getState().name();
  }

  private static @Nullable String reason(
      @Nullable StreamStatus status, @Nullable RunLedger ledger) {
    if (status != null && status.getReason() != null) {
      return status.getReason();
    }
    EndOfRun end = ledger == null ? null : ledger.getEndOfRun();
    return end == null ? null : end.getMessage();
  }

  /** Share of the recording that is in the timeline; null when its length is not known. */
  private static @Nullable Double progress(
      String state, @Nullable StreamStatus status, @Nullable RunLedger ledger) {
    if (state.equals(StreamState.FINISHED.name())) {
      return 1.0;
    }
    if (status == null || ledger == null) {
      return 0.0;
    }
    Long duration = status.getDurationMicros();
    if (duration == null || duration <= 0) {
      return null;
    }
    double share = (double) Math.max(0, ledger.getLastMediaTimeMicros()) / duration;
    return Math.min(0.999, share);
  }

  private static void putAccount(
      ObjectNode node, @Nullable StreamStatus status, @Nullable RunLedger ledger) {
    long analysed = ledger == null ? 0 : ledger.getAnalysed();
    Map<String, Long> skippedBy = ledger == null ? Map.of() : ledger.getSkipped();
    Map<String, Long> failedBy = ledger == null ? Map.of() : ledger.getFailed();
    long skipped = Ledgers.sum(skippedBy);
    long failed = Ledgers.sum(failedBy);
    long frames = analysed + skipped + failed;
    EndOfRun end = ledger == null ? null : ledger.getEndOfRun();
    long published =
        end != null
            ? end.getPublished()
            : Math.max(frames, status == null ? 0 : status.getPublished());
    node.put("frames", frames)
        .put("faces", ledger == null ? 0 : ledger.getFaces())
        .put("published", published)
        .put("analysed", analysed)
        .put("skipped", skipped)
        .put("failed", failed);
    node.putObject("ledger")
        .put("published", published)
        .put("analysed", analysed)
        .put("skipped", skipped)
        .put("failed", failed)
        .put("inFlight", published - frames);
    node.set("skippedByReason", StreamJson.counts(skippedBy));
    node.set("failedByReason", StreamJson.counts(failedBy));
    node.put("detector", emptyToNull(ledger == null ? "" : ledger.getDetector()))
        .put("model", emptyToNull(ledger == null ? "" : ledger.getModel()))
        .put("modelDigest", emptyToNull(ledger == null ? "" : ledger.getModelDigest()))
        .put("digest", emptyToNull(ledger == null ? "" : ledger.getDigest()));
  }

  private static @Nullable String emptyToNull(String text) {
    return text.isEmpty() ? null : text;
  }
}
