package io.moodline.sink;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.runtime.StageContext;
import io.moodline.schemas.v1.DesiredState;
import io.moodline.schemas.v1.RunLedger;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Erases what was derived from a stream or a track, and answers with a receipt: what was taken out,
 * and what remains where until when. Only what stands still can be erased: a stream that is
 * removed, paused or at its end. Thread-safe.
 */
final class EraseRoutes implements Resource {
  /** The topics' largest compaction lag, their tombstones' time, and time for the cleaner. */
  private static final Duration COMPACTED_WITHIN = Duration.ofHours(8);

  /** Its topic's compaction lag, and time for a cleaner that is at work elsewhere. */
  private static final Duration KEY_COMPACTED_WITHIN = Duration.ofMinutes(10);

  private static final Duration FACES_KEPT = Duration.ofHours(25);
  private static final Duration FRAMES_KEPT = Duration.ofHours(24);
  private static final Duration ALERTS_KEPT = Duration.ofDays(37);
  private static final Logger log = LoggerFactory.getLogger(EraseRoutes.class);

  private final StageContext stage;
  private final StreamRegistry registry;
  private final TimelineQueries timelines;
  private final DataEraser eraser;

  EraseRoutes(
      StageContext stage, StreamRegistry registry, TimelineQueries timelines, DataEraser eraser) {
    this.stage = stage;
    this.registry = registry;
    this.timelines = timelines;
    this.eraser = eraser;
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.delete("/api/v1/streams/{id}/data", Role.ADMIN, this::eraseStream),
        Route.delete("/api/v1/streams/{id}/tracks/{track}/data", Role.ADMIN, this::eraseTrack));
  }

  private void eraseStream(Context ctx) throws InterruptedException {
    String id = StreamRoutes.id(ctx);
    checkStill(id);
    Map<String, Long> removed = eraser.eraseStream(id);
    log.atInfo().addKeyValue("stream", id).log("data of stream erased");
    ObjectNode receipt = receipt(id, removed);
    ArrayNode remains = receipt.putArray("remains");
    remain(remains, "log files of the topics above, until they are compacted", COMPACTED_WITHIN);
    remain(
        remains,
        "stream-keys.v1: the key that was thrown away, itself sealed with the secret key",
        KEY_COMPACTED_WITHIN);
    remain(
        remains,
        "faces.v1, shadow-faces.v1: outcomes by frame; boxes and scores are sealed with that key"
            + " and can not be read any more, unless they are of a release that had no keys",
        FACES_KEPT);
    remain(
        remains,
        "frames: pictures that were not analysed, sealed likewise; others are gone a minute after",
        FRAMES_KEPT);
    remain(
        remains,
        "alerts.v1: what rules found in it, which is shown no more; dead-letters.v1: its id",
        ALERTS_KEPT);
    remains
        .addObject()
        .put(
            "what",
            "the recording itself in the media folder; DELETE /api/v1/recordings/NAME removes it")
        .putNull("until");
    Answers.json(ctx, 200, receipt);
  }

  private void eraseTrack(Context ctx) throws InterruptedException {
    String id = StreamRoutes.id(ctx);
    long track = TrackRoutes.number(ctx);
    checkStill(id);
    ObjectNode receipt = receipt(id, eraser.eraseTrack(id, track)).put("track", track);
    ArrayNode remains = receipt.putArray("remains");
    remain(remains, "log files of the topics above, until they are compacted", COMPACTED_WITHIN);
    remain(
        remains,
        "faces.v1, shadow-faces.v1: boxes and scores by frame, sealed with the stream's key, which"
            + " all its tracks share: only erasing the stream throws it away",
        FACES_KEPT);
    remains
        .addObject()
        .put("what", "its share in the windows of the timeline and in what rules found")
        .putNull("until");
    Answers.json(ctx, 200, receipt);
  }

  private ObjectNode receipt(String id, Map<String, Long> removed) {
    ObjectNode receipt = JsonNodeFactory.instance.objectNode();
    receipt.put("stream", id).put("erasedAt", Times.show(stage.clock().instant()));
    receipt.putNull("track");
    ObjectNode counts = receipt.putObject("removed");
    removed.forEach(counts::put);
    return receipt;
  }

  private void remain(ArrayNode remains, String what, Duration kept) {
    Instant until = stage.clock().instant().plus(kept);
    remains.addObject().put("what", what).put("until", Times.show(until));
  }

  /** Data that is still being made would be back at once. */
  private void checkStill(String id) {
    Optional<StreamView> stream = registry.find(id);
    if (stream.isPresent() && !isStill(stream.get())) {
      throw Problem.of(
          409, "stream '" + id + "' is at work: pause or remove it, or let the replay end");
    }
    for (RunLedger run : timelines.ledgers(id)) {
      if (run.getEndOfRun() == null || !timelines.settled(id, run.getRunId())) {
        throw Problem.of(
            409, "stream '" + id + "' still has frames under way: try again in a moment");
      }
    }
  }

  /** What is live and was refused is tried again by itself. */
  private static boolean isStill(StreamView stream) {
    boolean isRecording = StreamJson.isRecording(stream);
    return stream
        .currentStatus()
        .filter(
            status ->
                switch (status.getState()) {
                  case FINISHED, FAILED -> true;
                  case REFUSED -> isRecording;
                  case PAUSED ->
                      !isRecording && stream.spec().getDesiredState() == DesiredState.PAUSED;
                  default -> false;
                })
        .isPresent();
  }
}
