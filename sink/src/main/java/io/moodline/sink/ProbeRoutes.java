package io.moodline.sink;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.UserException;
import io.moodline.schemas.SourceReport;
import io.moodline.schemas.SourceReport.CaptureTime;
import io.moodline.schemas.SourceUri;
import io.moodline.schemas.v1.StreamSpec;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;

/**
 * Looks at sources on request, few at a time, since each takes a decoder of its own. Thread-safe.
 */
final class ProbeRoutes implements Resource {
  private static final int AT_ONCE = 2;

  private final SourceCheck check;
  private final SecretBox secrets;
  private final Semaphore places = new Semaphore(AT_ONCE);

  ProbeRoutes(SourceCheck check, SecretBox secrets) {
    this.check = check;
    this.secrets = secrets;
  }

  @Override
  public List<Route> routes() {
    return List.of(Route.post("/api/v1/probe", Role.OPERATOR, this::post));
  }

  void post(Context ctx) {
    JsonBody body = JsonBody.read(ctx, Set.of("source"));
    SourceUri source =
        StreamRequest.source(
            body.text("source", 4000)
                .orElseThrow(
                    () -> Problem.unprocessable("a source is missing: what is to be probed?")));
    Answers.json(ctx, 200, json(probe(source)));
  }

  /**
   * Looks at a source that a stream is to have.
   *
   * @param before the stream as it is; its credentials count where the source is the same and none
   *     are given
   */
  void check(SourceUri source, String id, Optional<StreamSpec> before) {
    ByteBuffer sealed =
        before
            .filter(known -> known.getSource().equals(source.toString()))
            .map(StreamSpec::getSealedCredentials)
            .orElse(null);
    if (sealed == null || source.credentials().isPresent()) {
      probe(source);
      return;
    }
    byte[] bytes = new byte[sealed.remaining()];
    sealed.duplicate().get(bytes);
    try {
      probe(source.withCredentials(secrets.unseal(bytes, id)));
    } catch (UserException e) {
      throw Problem.unprocessable(e);
    }
  }

  private SourceReport probe(SourceUri source) {
    if (!places.tryAcquire()) {
      throw Problem.unavailable("other sources are being probed: try again in a moment");
    }
    try {
      return check.probe(source);
    } catch (UserException e) {
      throw Problem.unprocessable(e);
    } finally {
      places.release();
    }
  }

  private static ObjectNode json(SourceReport report) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("codec", report.codec())
        .put("width", report.width())
        .put("height", report.height())
        .put("statedFramesPerSecond", report.statedFramesPerSecond())
        .put("measuredFramesPerSecond", report.measuredFramesPerSecond())
        .put("durationMicros", report.duration().map(it -> it.toNanos() / 1000).orElse(null))
        .put("clock", report.clock().name())
        .put("smallestFacePixels", report.smallestFacePixels())
        .put("smallestFaceShare", report.smallestFaceShare())
        .put("farthestFaceMetres", report.farthestFaceMetres());
    CaptureTime time = report.captureTime().orElse(null);
    node.put("timeSource", time == null ? null : time.source().name())
        .put("timeUncertaintyMicros", time == null ? null : time.uncertaintyMicros())
        .put("mediaClockDriftPpm", time == null ? null : time.mediaClockDriftPpm())
        .put("senderClockOffsetMicros", time == null ? null : time.senderClockOffsetMicros());
    return node;
  }
}
