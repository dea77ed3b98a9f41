package io.moodline.deploy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.analyzer.FaceRebuild;
import io.moodline.models.Bundle;
import io.moodline.models.BundleException;
import io.moodline.models.Bundles;
import io.moodline.models.FaceQuality;
import io.moodline.runtime.DataKey.BrokenSealException;
import io.moodline.runtime.SealedRecords;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.StreamKind;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moodline explain}: what led to an event. */
@Command(
    name = "explain",
    description = {
      "Rebuild what led to an event: frame, crop, the network's input, scores and gate.",
      "Frames are deleted a minute after they were analysed; without one, what the analyzer wrote"
          + " down is shown."
    })
final class ExplainCommand implements Callable<Integer> {
  @Mixin SettingsOptions options = new SettingsOptions();

  @Parameters(
      index = "0",
      paramLabel = "EVENT",
      description = "STREAM/RUN/SEQUENCE/FACE, as watch prints it.")
  String event = "";

  @Option(
      names = "--save-crop",
      paramLabel = "FILE",
      description = "Write what the model saw, as a PNG picture.")
  @Nullable Path saveCrop;

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  @Override
  public Integer call() {
    EventId id = EventId.parse(event);
    Settings settings = options.load(Map.of());
    ObjectNode answer = ApiClient.object().put("event", id.toString());
    try (KeptRecords kept = KeptRecords.open(settings)) {
      FrameFaces outcome = outcome(kept, id);
      Face face = face(outcome, id);
      describe(outcome, face, answer);
      Optional<Frame> frame = frame(kept, outcome, id);
      if (frame.isEmpty()) {
        answer.put("rebuilt", false);
        answer.put("why", "the frame is gone: pictures are deleted a minute after their analysis");
      } else {
        rebuild(settings, outcome, face, frame.get(), answer);
      }
    }
    System.out.println(json ? answer.toPrettyString() : ExplainText.of(answer));
    return 0;
  }

  private static FrameFaces outcome(KeptRecords kept, EventId id) {
    try {
      return SealedRecords.open(sealed(kept, id), kept::key, SealedRecords.Faces.IN_USE)
          .orElseThrow(() -> new UserException("event " + id + " was erased"));
    } catch (BrokenSealException e) {
      throw new UserException("event " + id + " can not be read: " + e.getMessage(), e);
    }
  }

  private static FrameFaces sealed(KeptRecords kept, EventId id) {
    return kept.find(
            kept.topics().faces(),
            id.stream(),
            Serdes.FRAME_FACES::decode,
            faces ->
                faces.getStreamId().equals(id.stream())
                    && faces.getRunId().equals(id.run())
                    && faces.getSequence() == id.sequence()
                    && faces.getEndOfRun() == null)
        .orElseThrow(
            () ->
                new UserException(
                    "event "
                        + id
                        + " is not known any more, or never was: results are kept for hours"));
  }

  private static Face face(FrameFaces outcome, EventId id) {
    List<Face> faces = outcome.getFaces();
    if (id.face() < 0 || id.face() >= faces.size()) {
      throw new UserException(
          "the frame of event " + id + " has " + faces.size() + " faces, counted from 0");
    }
    return faces.get(id.face());
  }

  /** The frame with a plain picture. */
  private static Optional<Frame> frame(KeptRecords kept, FrameFaces outcome, EventId id) {
    Optional<Frame> found = sealedFrame(kept, outcome, id);
    try {
      return found.isEmpty() ? found : SealedRecords.open(found.get(), kept::key);
    } catch (BrokenSealException e) {
      throw new UserException("the frame can not be read: " + e.getMessage(), e);
    }
  }

  private static Optional<Frame> sealedFrame(KeptRecords kept, FrameFaces outcome, EventId id) {
    String topic =
        outcome.getKind() == StreamKind.LIVE
            ? kept.topics().frames()
            : kept.topics().recordingFrames();
    return kept.find(
        topic,
        id.stream(),
        Serdes.FRAME::decode,
        frame ->
            frame.getStreamId().equals(id.stream())
                && frame.getRunId().equals(id.run())
                && frame.getSequence() == id.sequence()
                && frame.getEndOfRun() == null);
  }

  private static void describe(FrameFaces outcome, Face face, ObjectNode answer) {
    answer.put("captureTime", outcome.getCaptureTime().toString());
    answer.put("mediaTimeMicros", outcome.getMediaTimeMicros());
    answer.put("width", outcome.getWidth()).put("height", outcome.getHeight());
    answer.put("detector", outcome.getDetector()).put("model", outcome.getModel());
    answer.put("modelDigest", outcome.getModelDigest());
    answer
        .putObject("box")
        .put("x", face.getBox().getX() * outcome.getWidth())
        .put("y", face.getBox().getY() * outcome.getHeight())
        .put("width", face.getBox().getWidth() * outcome.getWidth())
        .put("height", face.getBox().getHeight() * outcome.getHeight());
    answer.put("faceScore", face.getFaceScore()).put("kept", face.getKept());
    ObjectNode scores = answer.putObject("scores");
    for (int i = 0; i < face.getScores().size(); i++) {
      scores.put(outcome.getLabels().get(i), face.getScores().get(i));
    }
    face.getReasons().forEach(answer.putArray("withheld")::add);
  }

  private void rebuild(
      Settings settings, FrameFaces outcome, Face face, Frame frame, ObjectNode answer) {
    Bundle bundle;
    try {
      bundle = new Bundles(settings.home().resolve("bundles")).resolve(outcome.getModel());
    } catch (BundleException e) {
      answer.put("rebuilt", false).put("why", "the model is gone: " + e.getMessage());
      return;
    }
    FaceRebuild rebuilt = FaceRebuild.of(bundle, outcome.getDetector(), frame, face);
    answer.put("rebuilt", true).put("sameModel", bundle.digest().equals(outcome.getModelDigest()));
    answer.put("frameBytes", frame.getJpeg().remaining());
    answer.put("inputWidth", bundle.inputWidth()).put("inputHeight", bundle.inputHeight());
    answer.put("tensorSha256", rebuilt.tensorSha256());
    ObjectNode scores = answer.putObject("rebuiltScores");
    double difference = 0;
    for (int i = 0; i < rebuilt.scores().length; i++) {
      scores.put(bundle.labels().get(i), rebuilt.scores()[i]);
      if (i < face.getScores().size()) {
        difference = Math.max(difference, Math.abs(rebuilt.scores()[i] - face.getScores().get(i)));
      }
    }
    answer.put("largestDifference", difference);
    answer.set("quality", quality(rebuilt.quality()));
    answer.set("gate", bundle.gate().toJson());
    rebuilt.withheld().forEach(reason -> answer.withArray("rebuiltWithheld").add(reason.name()));
    if (saveCrop != null) {
      CropFiles.write(saveCrop, bundle.inputWidth(), bundle.inputHeight(), rebuilt.crop());
    }
  }

  private static ObjectNode quality(FaceQuality quality) {
    ObjectNode node = ApiClient.object().put("pixels", quality.pixels());
    node.put("sharpness", quality.sharpness()).put("brightness", quality.brightness());
    node.put("inFrame", quality.inFrame());
    if (!Double.isNaN(quality.yaw())) {
      node.put("yaw", quality.yaw()).put("roll", quality.roll());
    }
    return node;
  }

  /** The answer as lines for people. Thread-safe. */
  private static final class ExplainText {
    private ExplainText() {}

    static String of(ObjectNode answer) {
      StringBuilder text = new StringBuilder();
      line(text, "event", answer.path("event").asText());
      line(
          text,
          "frame",
          String.format(
              Locale.ROOT,
              "%d x %d, seen at %s, %.3f s into the run",
              answer.path("width").asInt(),
              answer.path("height").asInt(),
              answer.path("captureTime").asText(),
              answer.path("mediaTimeMicros").asLong() / 1e6));
      line(
          text,
          "face",
          String.format(
              Locale.ROOT,
              "at %.1f,%.1f size %.1f x %.1f, found by %s with %.2f",
              answer.at("/box/x").asDouble(),
              answer.at("/box/y").asDouble(),
              answer.at("/box/width").asDouble(),
              answer.at("/box/height").asDouble(),
              answer.path("detector").asText(),
              answer.path("faceScore").asDouble()));
      line(
          text,
          "model",
          answer.path("model").asText() + ", digest " + answer.path("modelDigest").asText());
      line(text, "scores", scores(answer, "scores"));
      line(
          text,
          "label",
          answer.path("withheld").isEmpty()
              ? "said"
              : "withheld: " + answer.path("withheld").toString());
      if (answer.path("kept").asBoolean()) {
        line(text, "kept", "the scores are those of an earlier frame: the face had not changed");
      }
      if (!answer.path("rebuilt").asBoolean()) {
        line(text, "rebuilt", "no: " + answer.path("why").asText());
        return text.toString().stripTrailing();
      }
      line(
          text,
          "input",
          String.format(
              Locale.ROOT,
              "%d x %d RGB, SHA-256 %s",
              answer.path("inputWidth").asInt(),
              answer.path("inputHeight").asInt(),
              answer.path("tensorSha256").asText()));
      line(text, "quality", answer.path("quality").toString());
      line(text, "gate", answer.path("gate").toString());
      line(text, "rebuilt", scores(answer, "rebuiltScores"));
      line(
          text,
          "difference",
          String.format(Locale.ROOT, "%.2g at most", answer.path("largestDifference").asDouble())
              + (answer.path("sameModel").asBoolean() ? "" : "; the model changed since"));
      return text.toString().stripTrailing();
    }

    private static String scores(ObjectNode answer, String field) {
      StringBuilder text = new StringBuilder();
      answer
          .path(field)
          .properties()
          .forEach(
              score ->
                  text.append(
                      String.format(
                          Locale.ROOT, "%s %.4f  ", score.getKey(), score.getValue().asDouble())));
      return text.toString().strip();
    }

    private static void line(StringBuilder text, String what, String words) {
      text.append(String.format("%-11s%s%n", what, words));
    }
  }
}
