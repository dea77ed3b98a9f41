package io.moodline.sink;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.Alert;
import io.moodline.schemas.v1.EmotionSegment;
import io.moodline.schemas.v1.FaceEmotion;
import io.moodline.schemas.v1.FaceTrack;
import io.moodline.schemas.v1.StreamStatus;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** What a subscription can hold: one topic each. Thread-safe. */
enum EventKind {
  EMOTION("emotion", "emotions", Topics::emotions),
  TRACK("track", "tracks", Topics::tracks),
  SEGMENT("segment", "segments", Topics::segments),
  ALERT("alert", "alerts", Topics::alerts),
  STATUS("status", "stream-status", Topics::streamStatus);

  private final String event;
  private final String source;
  private final Function<Topics, String> topic;

  EventKind(String event, String source, Function<Topics, String> topic) {
    this.event = event;
    this.source = source;
    this.topic = topic;
  }

  /** Name of the event, for example {@code emotion}. */
  String event() {
    return event;
  }

  /** Name of the topic in an event's id, for example {@code emotions}. */
  String source() {
    return source;
  }

  String topic(Topics topics) {
    return topic.apply(topics);
  }

  /** Whether erasing a stream takes it away. */
  boolean isErasable() {
    return this != STATUS;
  }

  static Optional<EventKind> of(String event) {
    return Arrays.stream(values()).filter(kind -> kind.event.equals(event)).findFirst();
  }

  static String names() {
    return Arrays.stream(values()).map(EventKind::event).collect(Collectors.joining(", "));
  }

  /**
   * What subscribers are shown of a record; empty for a tombstone.
   *
   * @throws AvroSerde.UnreadableRecordException when the record can not be read
   */
  Optional<EventRecord> read(ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      return Optional.empty();
    }
    return Optional.of(
        switch (this) {
          case EMOTION -> emotion(record);
          case TRACK -> {
            FaceTrack track = Serdes.FACE_TRACK.decode(record.value());
            About about = new About(track.getStreamId(), track.getTrackId(), null, null);
            yield show(record, about, Serdes.FACE_TRACK, EventJson::track);
          }
          case SEGMENT -> segment(record);
          case ALERT -> {
            Alert alert = Serdes.ALERT.decode(record.value());
            About about = new About(alert.getStreamId(), null, null, null);
            yield show(record, about, Serdes.ALERT, EventJson::alert);
          }
          case STATUS -> {
            StreamStatus status = Serdes.STREAM_STATUS.decode(record.value());
            About about = new About(status.getStreamId(), null, null, null);
            yield show(record, about, Serdes.STREAM_STATUS, EventJson::status);
          }
        });
  }

  private EventRecord emotion(ConsumerRecord<byte[], byte[]> record) {
    FaceEmotion emotion = Serdes.FACE_EMOTION.decode(record.value());
    return show(
        record,
        new About(
            emotion.getStreamId(), emotion.getTrackId(), emotion.getLabel(), emotion.getScore()),
        Serdes.FACE_EMOTION,
        EventJson::emotion);
  }

  private EventRecord segment(ConsumerRecord<byte[], byte[]> record) {
    EmotionSegment segment = Serdes.EMOTION_SEGMENT.decode(record.value());
    return show(
        record,
        new About(
            segment.getStreamId(),
            segment.getTrackId(),
            segment.getLabel(),
            segment.getMeanScore()),
        Serdes.EMOTION_SEGMENT,
        EventJson::segment);
  }

  /** What filters and erasures ask for. */
  private record About(
      String stream, @Nullable Long track, @Nullable String label, @Nullable Float score) {}

  /** Keeps the record's bytes rather than the record, which is several times their size. */
  private <T extends SpecificRecord> EventRecord show(
      ConsumerRecord<byte[], byte[]> record,
      About about,
      AvroSerde<T> serde,
      Function<T, ObjectNode> json) {
    byte[] value = record.value();
    return new EventRecord(
        this,
        record.offset(),
        value.length,
        record.timestamp(),
        about.stream(),
        about.track(),
        about.label(),
        about.score(),
        () -> json.apply(serde.decode(value)).toString());
  }
}
