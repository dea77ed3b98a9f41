package io.moodline.sink;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.schemas.v1.SamplingMode;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.StreamStatus;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Streams and their status as the API shows them: never their credentials. Thread-safe. */
final class StreamJson {
  /** What a stream is called that ingest has not taken up yet. */
  static final String WAITING = "WAITING";

  /** Sampling that takes all that is due. */
  static final String ALL_DUE = "rate";

  private StreamJson() {}

  static ObjectNode stream(StreamView stream) {
    StreamSpec spec = stream.spec();
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("id", spec.getStreamId())
        .put("name", spec.getName())
        .put("source", spec.getSource())
        .put("credentials", spec.getSealedCredentials() != null)
        .put("kind", spec.getKind().name())
        .put("purpose", spec.getPurpose())
        .put("framesPerSecond", spec.getTargetFramesPerSecond())
        .put("sampling", sampling(spec))
        .put("model", spec.getModel())
        .put("start", Times.showOrNull(spec.getStart()))
        .put("desiredState", spec.getDesiredState().name())
        .put("showFaces", spec.getShowFaces());
    ObjectNode labels = node.putObject("labels");
    new TreeMap<>(spec.getLabels()).forEach(labels::put);
    node.put("revision", spec.getRevision())
        .put("createdAt", Times.show(spec.getCreatedAt()))
        .put("updatedAt", Times.show(spec.getUpdatedAt()));
    node.set(
        "status", stream.currentStatus().map(StreamJson::status).orElseGet(() -> waiting(spec)));
    return node;
  }

  private static String sampling(StreamSpec spec) {
    SamplingMode mode = spec.getSampling();
    return mode == null ? ALL_DUE : mode.name().toLowerCase(Locale.ROOT);
  }

  private static ObjectNode waiting(StreamSpec spec) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("state", WAITING)
        .put("since", Times.show(spec.getUpdatedAt()))
        .put("reason", "not taken up yet");
  }

  /** A status without its stream's id. */
  static ObjectNode status(StreamStatus status) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("state", status.getState().name())
        .put("since", Times.show(status.getSince()))
        .put("reason", status.getReason())
        .put("run", status.getRunId())
        .put("revision", status.getRevision())
        .put("published", status.getPublished())
        .put("dropped", Ledgers.sum(status.getDropped()));
    node.set("droppedByReason", counts(status.getDropped()));
    node.put("positionMicros", Math.max(0, status.getLastMediaTimeMicros()))
        .put("durationMicros", status.getDurationMicros())
        .put("width", status.getWidth())
        .put("height", status.getHeight())
        .put("sourceFramesPerSecond", status.getSourceFramesPerSecond())
        .put("codec", status.getCodec())
        .put("decodedBy", status.getDecodedBy())
        .put("decodedByReason", status.getDecodedByReason())
        .put("runStart", Times.showOrNull(status.getRunStart()))
        .put("timeSource", status.getTimeSource() == null ? null : status.getTimeSource().name())
        .put("timeUncertaintyMicros", status.getTimeUncertaintyMicros())
        .put("mediaClockDriftPpm", status.getMediaClockDriftPpm())
        .put("senderClockOffsetMicros", status.getSenderClockOffsetMicros())
        .put("updatedAt", Times.show(status.getUpdatedAt()));
    return node;
  }

  static boolean isRecording(StreamView stream) {
    return stream.spec().getKind() == StreamKind.RECORDING;
  }

  static ObjectNode counts(Map<String, Long> counts) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    new TreeMap<>(counts).forEach(node::put);
    return node;
  }
}
