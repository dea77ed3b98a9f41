package io.moodline.analyzer;

import io.moodline.analyzer.FaceScorer.Scored;
import io.moodline.analyzer.Outcome.What;
import io.moodline.analyzer.Pending.Looking;
import io.moodline.analyzer.Sighting.CroppedFace;
import io.moodline.models.Bundle;
import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.DeadLetter;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FaceQuality;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.FrameFaces;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** Writes outcomes as records. Thread-safe. */
record Outcomes(String detector, Clock clock) {
  static final String STALE = "STALE";

  /** The stream was erased: the frame's key was thrown away. */
  static final String ERASED = "ERASED";

  /** The bundle that a live stream names is being opened. */
  static final String MODEL_OPENING = "MODEL_OPENING";

  private static final String UNREADABLE = "UNREADABLE";
  private static final String STAGE = "analyzer";

  /** The frame was looked at; {@code scores} has the models' answers for each face. */
  Outcome analysed(Looking looking, Sighting.Faces found, Map<CroppedFace, Scored> scores) {
    Frame frame = looking.frame();
    FrameFaces result = scored(frame, looking.model(), found.faces(), scores);
    FrameFaces trial =
        looking.trial() == null ? null : scored(frame, looking.trial(), found.forTrial(), scores);
    return new Outcome(What.ANALYSED, looking.source(), result, null, trial, looking.key());
  }

  private FrameFaces scored(
      Frame frame, Model model, List<CroppedFace> found, Map<CroppedFace, Scored> scores) {
    List<Face> faces = new ArrayList<>();
    for (CroppedFace face : found) {
      Scored answer = Objects.requireNonNull(scores.get(face), "every face of a batch is scored");
      faces.add(face(frame, model.bundle(), face, answer));
    }
    return about(frame)
        .setOutcome(io.moodline.schemas.v1.Outcome.ANALYSED)
        .setFaces(faces)
        .setDetector(detector)
        .setModel(model.bundle().name())
        .setModelDigest(model.bundle().digest())
        .setLabels(model.bundle().labels())
        .build();
  }

  Outcome skipped(ConsumerRecord<byte[], byte[]> source, Frame frame, String reason) {
    FrameFaces result =
        about(frame).setOutcome(io.moodline.schemas.v1.Outcome.SKIPPED).setReason(reason).build();
    return new Outcome(What.SKIPPED, source, result, null);
  }

  Outcome failed(ConsumerRecord<byte[], byte[]> source, Frame frame, FailReason reason) {
    FrameFaces result =
        about(frame)
            .setOutcome(io.moodline.schemas.v1.Outcome.FAILED)
            .setReason(reason.name())
            .build();
    return new Outcome(What.FAILED, source, result, deadLetter(source, frame, reason.name()));
  }

  Outcome endOfRun(ConsumerRecord<byte[], byte[]> source, Frame mark) {
    return new Outcome(What.END_OF_RUN, source, about(mark).build(), null);
  }

  /** The record is no frame, so there is no frame to have an outcome. */
  Outcome unreadable(ConsumerRecord<byte[], byte[]> source) {
    return new Outcome(What.UNREADABLE, source, null, deadLetter(source, null, UNREADABLE));
  }

  private FrameFaces.Builder about(Frame frame) {
    return FrameFaces.newBuilder()
        .setStreamId(frame.getStreamId())
        .setRunId(frame.getRunId())
        .setSequence(frame.getSequence())
        .setKind(frame.getKind())
        .setEndOfRun(frame.getEndOfRun())
        .setDroppedBefore(frame.getDroppedBefore())
        .setCaptureTime(frame.getCaptureTime())
        .setMediaTimeMicros(frame.getMediaTimeMicros())
        .setTargetFramesPerSecond(frame.getTargetFramesPerSecond())
        .setWidth(frame.getWidth())
        .setHeight(frame.getHeight())
        .setFaces(List.of())
        .setKeyId(frame.getKeyId())
        .setDetector("")
        .setModel("")
        .setModelDigest("")
        .setLabels(List.of())
        .setAnalysedAt(now());
  }

  private static Face face(Frame frame, Bundle bundle, CroppedFace cropped, Scored answer) {
    LocatedFace found = cropped.face();
    float width = frame.getWidth();
    float height = frame.getHeight();
    PixelBox box = found.box();
    List<Float> landmarks = new ArrayList<>();
    for (int i = 0; i < found.landmarks().length; i += 2) {
      landmarks.add(found.landmarks()[i] / width);
      landmarks.add(found.landmarks()[i + 1] / height);
    }
    List<Float> scoreList = new ArrayList<>();
    for (float score : answer.scores()) {
      scoreList.add(score);
    }
    return Face.newBuilder()
        .setBox(
            new Box(
                (float) (box.x() / width),
                (float) (box.y() / height),
                (float) (box.width() / width),
                (float) (box.height() / height)))
        .setLandmarks(landmarks)
        .setFaceScore(found.faceScore())
        .setScores(scoreList)
        .setReasons(
            bundle.gate().judge(cropped.quality(), answer.scores()).stream()
                .map(Enum::name)
                .toList())
        .setQuality(quality(cropped.quality()))
        .setKept(answer.kept())
        .build();
  }

  private static FaceQuality quality(io.moodline.models.FaceQuality measured) {
    return new FaceQuality(
        (float) measured.pixels(),
        (float) measured.sharpness(),
        (float) measured.brightness(),
        (float) measured.inFrame(),
        Double.isNaN(measured.yaw()) ? null : (float) measured.yaw(),
        Double.isNaN(measured.roll()) ? null : (float) measured.roll());
  }

  private DeadLetter deadLetter(
      ConsumerRecord<byte[], byte[]> source, @Nullable Frame frame, String reason) {
    byte[] value = source.value() == null ? new byte[0] : source.value();
    return DeadLetter.newBuilder()
        .setTopic(source.topic())
        .setPartition(source.partition())
        .setOffset(source.offset())
        .setStreamId(frame == null ? null : frame.getStreamId())
        .setRunId(frame == null ? null : frame.getRunId())
        .setSequence(frame == null ? null : frame.getSequence())
        .setStage(STAGE)
        .setReason(reason)
        .setSizeBytes(value.length)
        .setSha256(sha256(value))
        .setSeenAt(now())
        .build();
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
