package io.moodline.sink;

import io.javalin.http.Context;
import io.moodline.runtime.StageContext;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.v1.FaceEmotion;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Hands out the emotion events of one stream as JSON Lines: what the log holds now, oldest first,
 * read from the stream's registration on. Nothing is kept in memory but one poll. Thread-safe.
 */
final class EmotionExport implements Resource {
  /** The broker's clock and this one may differ. */
  private static final Duration CLOCKS = Duration.ofMinutes(10);

  private static final Duration POLL = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final StageContext stage;
  private final StreamRegistry registry;
  private final ExportRoutes exports;
  private final ApiMetrics metrics;

  EmotionExport(
      StageContext stage, StreamRegistry registry, ExportRoutes exports, ApiMetrics metrics) {
    this.stage = stage;
    this.registry = registry;
    this.exports = exports;
    this.metrics = metrics;
  }

  @Override
  public List<Route> routes() {
    return List.of(Route.get("/api/v1/streams/{id}/emotions.jsonl", Role.VIEWER, this::get));
  }

  private void get(Context ctx) {
    StreamView stream = StreamRoutes.find(registry, StreamRoutes.id(ctx));
    String run = ctx.queryParam("run");
    exports.send(ctx, "application/jsonl", stream.id() + ".jsonl", out -> write(stream, run, out));
  }

  private void write(StreamView stream, @Nullable String run, OutputStream out) throws IOException {
    TopicPartition partition =
        new TopicPartition(
            stage.kafka().topics().emotions(),
            StreamPartition.of(stream.id(), stage.kafka().partitions()));
    try (KafkaConsumer<byte[], byte[]> consumer =
        stage.kafka().consumer("sink-export", Map.of("max.poll.records", 2000))) {
      ErasedData erased = erased(consumer, partition.partition());
      consumer.assign(Set.of(partition));
      long end = consumer.endOffsets(Set.of(partition)).getOrDefault(partition, 0L);
      long since = stream.spec().getCreatedAt().minus(CLOCKS).toEpochMilli();
      var first = consumer.offsetsForTimes(Map.of(partition, since)).get(partition);
      if (first == null) {
        return; // nothing was written since
      }
      consumer.seek(partition, first.offset());
      long progress = System.nanoTime();
      long position = first.offset();
      while (position < end) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          if (record.offset() < end) {
            put(record, stream.id(), run, erased, out);
          }
        }
        long reached = consumer.position(partition);
        progress = reached > position ? System.nanoTime() : progress;
        position = reached;
        if (System.nanoTime() - progress > PATIENCE.toNanos()) {
          throw new IOException("Kafka does not answer");
        }
      }
    } catch (KafkaException e) {
      throw Problem.unavailable(e);
    }
  }

  /** What must not be shown, though the log may still hold it. */
  private ErasedData erased(KafkaConsumer<byte[], byte[]> consumer, int number) throws IOException {
    TopicPartition partition = new TopicPartition(stage.kafka().topics().erasures(), number);
    ErasedData erased = new ErasedData();
    consumer.assign(Set.of(partition));
    consumer.seekToBeginning(Set.of(partition));
    long end = consumer.endOffsets(Set.of(partition)).getOrDefault(partition, 0L);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (consumer.position(partition) < end) {
      consumer.poll(POLL).forEach(erased::note);
      if (System.nanoTime() > deadline) {
        throw new IOException("Kafka does not answer");
      }
    }
    return erased;
  }

  private void put(
      ConsumerRecord<byte[], byte[]> record,
      String stream,
      @Nullable String run,
      ErasedData erased,
      OutputStream out)
      throws IOException {
    try {
      if (EventKind.EMOTION.read(record).filter(event -> !erased.covers(event)).isEmpty()) {
        return;
      }
      FaceEmotion emotion = Serdes.FACE_EMOTION.decode(record.value());
      if (emotion.getStreamId().equals(stream) && (run == null || emotion.getRunId().equals(run))) {
        ExportFormat.put(out, EventJson.emotion(emotion) + "\n");
      }
    } catch (UnreadableRecordException e) {
      metrics.unreadable.labelValues(record.topic()).inc();
    }
  }
}
