package io.moodline.schemas;

import io.moodline.schemas.v1.Alert;
import io.moodline.schemas.v1.AnalyzerStatus;
import io.moodline.schemas.v1.DeadLetter;
import io.moodline.schemas.v1.EmotionSegment;
import io.moodline.schemas.v1.FaceEmotion;
import io.moodline.schemas.v1.FaceList;
import io.moodline.schemas.v1.FaceTrack;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.ModelChoice;
import io.moodline.schemas.v1.OpenWindow;
import io.moodline.schemas.v1.Rule;
import io.moodline.schemas.v1.RuleStates;
import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.RunTracks;
import io.moodline.schemas.v1.StreamClock;
import io.moodline.schemas.v1.StreamKey;
import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.StreamStatus;
import io.moodline.schemas.v1.TimelineWindow;
import io.moodline.schemas.v1.TrackFilter;
import io.moodline.schemas.v1.TrackSums;
import io.moodline.schemas.v1.TrackWindow;
import io.moodline.schemas.v1.Webhook;
import io.moodline.schemas.v1.WebhookStatus;
import java.util.Map;
import org.apache.avro.Schema;

/** The serde of each record. Thread-safe. */
public final class Serdes {
  public static final AvroSerde<StreamSpec> STREAM_SPEC =
      new AvroSerde<>(StreamSpec.getEncoder(), StreamSpec.getDecoder())
          .withReleased(StreamSpec.getClassSchema());
  public static final AvroSerde<StreamStatus> STREAM_STATUS =
      new AvroSerde<>(StreamStatus.getEncoder(), StreamStatus.getDecoder())
          .withReleased(StreamStatus.getClassSchema());
  public static final AvroSerde<Frame> FRAME =
      new AvroSerde<>(Frame.getEncoder(), Frame.getDecoder()).withReleased(Frame.getClassSchema());
  public static final AvroSerde<FrameFaces> FRAME_FACES =
      new AvroSerde<>(FrameFaces.getEncoder(), FrameFaces.getDecoder())
          .withReleased(FrameFaces.getClassSchema());
  public static final AvroSerde<FaceList> FACE_LIST =
      new AvroSerde<>(FaceList.getEncoder(), FaceList.getDecoder())
          .withReleased(FaceList.getClassSchema());
  public static final AvroSerde<StreamKey> STREAM_KEY =
      new AvroSerde<>(StreamKey.getEncoder(), StreamKey.getDecoder())
          .withReleased(StreamKey.getClassSchema());
  public static final AvroSerde<FaceEmotion> FACE_EMOTION =
      new AvroSerde<>(FaceEmotion.getEncoder(), FaceEmotion.getDecoder())
          .withReleased(FaceEmotion.getClassSchema());
  public static final AvroSerde<EmotionSegment> EMOTION_SEGMENT =
      new AvroSerde<>(EmotionSegment.getEncoder(), EmotionSegment.getDecoder())
          .withReleased(EmotionSegment.getClassSchema());
  public static final AvroSerde<FaceTrack> FACE_TRACK =
      new AvroSerde<>(FaceTrack.getEncoder(), FaceTrack.getDecoder())
          .withReleased(FaceTrack.getClassSchema());
  public static final AvroSerde<RunTracks> RUN_TRACKS =
      new AvroSerde<>(RunTracks.getEncoder(), RunTracks.getDecoder())
          .withReleased(RunTracks.getClassSchema());
  public static final AvroSerde<TrackFilter> TRACK_FILTER =
      new AvroSerde<>(TrackFilter.getEncoder(), TrackFilter.getDecoder())
          .withReleased(TrackFilter.getClassSchema());
  public static final AvroSerde<TrackWindow> TRACK_WINDOW =
      new AvroSerde<>(TrackWindow.getEncoder(), TrackWindow.getDecoder())
          .withReleased(TrackWindow.getClassSchema());
  public static final AvroSerde<TrackSums> TRACK_SUMS =
      new AvroSerde<>(TrackSums.getEncoder(), TrackSums.getDecoder())
          .withReleased(TrackSums.getClassSchema());
  public static final AvroSerde<TimelineWindow> TIMELINE_WINDOW =
      new AvroSerde<>(TimelineWindow.getEncoder(), TimelineWindow.getDecoder())
          .withReleased(TimelineWindow.getClassSchema());
  public static final AvroSerde<RunLedger> RUN_LEDGER =
      new AvroSerde<>(RunLedger.getEncoder(), RunLedger.getDecoder())
          .withReleased(RunLedger.getClassSchema());
  public static final AvroSerde<OpenWindow> OPEN_WINDOW =
      new AvroSerde<>(OpenWindow.getEncoder(), OpenWindow.getDecoder())
          .withReleased(OpenWindow.getClassSchema());
  public static final AvroSerde<StreamClock> STREAM_CLOCK =
      new AvroSerde<>(StreamClock.getEncoder(), StreamClock.getDecoder())
          .withReleased(StreamClock.getClassSchema());
  public static final AvroSerde<Rule> RULE =
      new AvroSerde<>(Rule.getEncoder(), Rule.getDecoder()).withReleased(Rule.getClassSchema());
  public static final AvroSerde<RuleStates> RULE_STATES =
      new AvroSerde<>(RuleStates.getEncoder(), RuleStates.getDecoder())
          .withReleased(RuleStates.getClassSchema());
  public static final AvroSerde<Alert> ALERT =
      new AvroSerde<>(Alert.getEncoder(), Alert.getDecoder()).withReleased(Alert.getClassSchema());
  public static final AvroSerde<Webhook> WEBHOOK =
      new AvroSerde<>(Webhook.getEncoder(), Webhook.getDecoder())
          .withReleased(Webhook.getClassSchema());
  public static final AvroSerde<WebhookStatus> WEBHOOK_STATUS =
      new AvroSerde<>(WebhookStatus.getEncoder(), WebhookStatus.getDecoder())
          .withReleased(WebhookStatus.getClassSchema());
  public static final AvroSerde<ModelChoice> MODEL_CHOICE =
      new AvroSerde<>(ModelChoice.getEncoder(), ModelChoice.getDecoder())
          .withReleased(ModelChoice.getClassSchema());
  public static final AvroSerde<AnalyzerStatus> ANALYZER_STATUS =
      new AvroSerde<>(AnalyzerStatus.getEncoder(), AnalyzerStatus.getDecoder())
          .withReleased(AnalyzerStatus.getClassSchema());
  public static final AvroSerde<DeadLetter> DEAD_LETTER =
      new AvroSerde<>(DeadLetter.getEncoder(), DeadLetter.getDecoder())
          .withReleased(DeadLetter.getClassSchema());

  private Serdes() {}

  /** Schemas of the topics' values, by topic name; what stores hold is not among them. */
  public static Map<String, Schema> byTopic(Topics topics) {
    return Map.ofEntries(
        Map.entry(topics.streams(), StreamSpec.getClassSchema()),
        Map.entry(topics.streamStatus(), StreamStatus.getClassSchema()),
        Map.entry(topics.streamKeys(), StreamKey.getClassSchema()),
        Map.entry(topics.frames(), Frame.getClassSchema()),
        Map.entry(topics.recordingFrames(), Frame.getClassSchema()),
        Map.entry(topics.faces(), FrameFaces.getClassSchema()),
        Map.entry(topics.emotions(), FaceEmotion.getClassSchema()),
        Map.entry(topics.tracks(), FaceTrack.getClassSchema()),
        Map.entry(topics.segments(), EmotionSegment.getClassSchema()),
        Map.entry(topics.timelines(), TimelineWindow.getClassSchema()),
        Map.entry(topics.trackTimelines(), TrackWindow.getClassSchema()),
        Map.entry(topics.rules(), Rule.getClassSchema()),
        Map.entry(topics.alerts(), Alert.getClassSchema()),
        Map.entry(topics.alertHistory(), Alert.getClassSchema()),
        Map.entry(topics.webhooks(), Webhook.getClassSchema()),
        Map.entry(topics.webhookStatus(), WebhookStatus.getClassSchema()),
        Map.entry(topics.shadowFaces(), FrameFaces.getClassSchema()),
        Map.entry(topics.modelChoices(), ModelChoice.getClassSchema()),
        Map.entry(topics.analyzerStatus(), AnalyzerStatus.getClassSchema()),
        Map.entry(topics.deadLetters(), DeadLetter.getClassSchema()));
  }
}
