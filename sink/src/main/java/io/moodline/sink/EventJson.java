package io.moodline.sink;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.schemas.v1.Alert;
import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.EmotionSegment;
import io.moodline.schemas.v1.FaceEmotion;
import io.moodline.schemas.v1.FaceQuality;
import io.moodline.schemas.v1.FaceTrack;
import io.moodline.schemas.v1.StreamStatus;
import java.util.Map;
import java.util.TreeMap;

/** What server-sent events hold. Thread-safe. */
final class EventJson {
  private EventJson() {}

  static ObjectNode emotion(FaceEmotion emotion) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("stream", emotion.getStreamId())
        .put("run", emotion.getRunId())
        .put("sequence", emotion.getSequence())
        .put("face", emotion.getFace())
        .put("time", Times.show(emotion.getCaptureTime()))
        .put("mediaTimeMicros", emotion.getMediaTimeMicros())
        .put("track", emotion.getTrackId());
    putBox(node, emotion.getBox());
    node.put("faceScore", emotion.getFaceScore())
        .put("label", emotion.getLabel())
        .put("score", emotion.getScore());
    node.set("scores", scores(emotion.getScores()));
    if (emotion.getSmoothedScores() != null) {
      node.set("smoothedScores", scores(emotion.getSmoothedScores()));
      node.put("smoothedLabel", emotion.getSmoothedLabel());
    }
    ArrayNode withheld = node.putArray("withheld");
    emotion.getWithheld().forEach(withheld::add);
    if (emotion.getQuality() != null) {
      node.set("quality", quality(emotion.getQuality()));
    }
    return node.put("kept", emotion.getKept())
        .put("detector", emotion.getDetector())
        .put("model", emotion.getModel())
        .put("modelDigest", emotion.getModelDigest());
  }

  private static ObjectNode quality(FaceQuality quality) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("pixels", quality.getPixels())
        .put("sharpness", quality.getSharpness())
        .put("brightness", quality.getBrightness())
        .put("inFrame", quality.getInFrame())
        .put("yaw", quality.getYaw())
        .put("roll", quality.getRoll());
  }

  static ObjectNode status(StreamStatus status) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("stream", status.getStreamId());
    node.setAll(StreamJson.status(status));
    return node;
  }

  static ObjectNode removed(String streamId) {
    return JsonNodeFactory.instance.objectNode().put("stream", streamId).put("state", "REMOVED");
  }

  /** Records from {@code next} to before {@code resumed} can not be shown any more. */
  static ObjectNode gap(String source, long next, long resumed) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("source", source)
        .put("expectedOffset", next)
        .put("resumedOffset", resumed)
        .put("reason", "the log no longer holds what followed the last event");
  }

  static ObjectNode segment(EmotionSegment segment) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("stream", segment.getStreamId())
        .put("run", segment.getRunId())
        .put("track", segment.getTrackId())
        .put("segment", segment.getSegment())
        .put("label", segment.getLabel())
        .put("start", Times.show(segment.getStart()))
        .put("peak", Times.show(segment.getPeak()))
        .put("end", Times.show(segment.getEnd()))
        .put("meanScore", segment.getMeanScore())
        .put("revision", segment.getRevision())
        .put("final", segment.getIsFinal());
  }

  static ObjectNode track(FaceTrack track) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("stream", track.getStreamId())
            .put("run", track.getRunId())
            .put("track", track.getTrackId())
            .put("event", track.getEvent().name())
            .put("time", Times.show(track.getTime()))
            .put("otherTrack", track.getOtherTrackId())
            .put("start", Times.show(track.getStart()))
            .put("end", Times.show(track.getEnd()))
            .put("frames", track.getFrames());
    putBox(node, track.getBox());
    return node;
  }

  private static void putBox(ObjectNode node, Box box) {
    node.putObject("box")
        .put("x", box.getX())
        .put("y", box.getY())
        .put("width", box.getWidth())
        .put("height", box.getHeight());
  }

  static ObjectNode alert(Alert alert) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("rule", alert.getRuleId())
        .put("ruleRevision", alert.getRuleRevision())
        .put("stream", alert.getStreamId())
        .put("state", alert.getState().name())
        .put("start", Times.show(alert.getStart()))
        .put("end", Times.showOrNull(alert.getEnd()))
        .put("message", alert.getMessage());
  }

  private static ObjectNode scores(Map<String, Float> scores) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    new TreeMap<>(scores).forEach(node::put);
    return node;
  }
}
