package io.moodline.sink;

import io.moodline.runtime.Failures;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.Worker;
import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.FaceEmotion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One reader of a stream's events: reads the stream's partition of the merged topics and writes
 * each record of the stream as a server-sent event whose id is the reader's position after it.
 *
 * <p>The first block and each heartbeat carry an id without an event, so that a reader of a quiet
 * stream too resumes where it was. A record is written at most once per connection, and none is
 * left out, unless the log no longer holds it: then a {@code gap} event says so. Confined to {@code
 * sink-events-<n>}, but for {@link #cut}, {@link #blockedFor} and {@link #close}.
 */
final class EventReader {
  /** Where a reader starts. */
  enum From {
    BEGINNING,
    END,
    /** After the last event that it saw. */
    POSITION
  }

  private static final Duration POLL = Duration.ofSeconds(1);
  private static final int RETRY_MILLIS = 2000;
  private static final Logger log = LoggerFactory.getLogger(EventReader.class);

  private final String streamId;
  private final String statusTopic;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final EventPosition position;
  private final List<String> gaps;
  private final OutputStream out;
  private final Runnable disconnect;
  private final Supplier<Duration> heartbeat;
  private final BooleanSupplier registered;
  private final ApiMetrics metrics;
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private final ByteArrayOutputStream block = new ByteArrayOutputStream();
  private volatile long writingSince;
  private volatile boolean writing;
  private volatile boolean cut;
  private volatile @Nullable Worker worker;

  private EventReader(
      String streamId,
      String statusTopic,
      KafkaConsumer<byte[], byte[]> consumer,
      EventPosition position,
      List<String> gaps,
      OutputStream out,
      Runnable disconnect,
      Supplier<Duration> heartbeat,
      BooleanSupplier registered,
      ApiMetrics metrics) {
    this.streamId = streamId;
    this.statusTopic = statusTopic;
    this.consumer = consumer;
    this.position = position;
    this.gaps = gaps;
    this.out = out;
    this.disconnect = disconnect;
    this.heartbeat = heartbeat;
    this.registered = registered;
    this.metrics = metrics;
  }

  /**
   * Finds the place in the log; nothing is written yet.
   *
   * @param disconnect breaks the connection, also while a write hangs
   * @param heartbeat for how long nothing may be written
   * @param registered whether the stream is still there
   */
  static EventReader open(
      KafkaConnection kafka,
      String streamId,
      EventPosition position,
      From from,
      OutputStream out,
      Runnable disconnect,
      Supplier<Duration> heartbeat,
      BooleanSupplier registered,
      ApiMetrics metrics) {
    KafkaConsumer<byte[], byte[]> consumer =
        kafka.consumer(
            "sink-events",
            Map.of(
                "max.poll.records", 200,
                "max.partition.fetch.bytes", 1024 * 1024,
                "default.api.timeout.ms", 10_000));
    try {
      List<TopicPartition> partitions = position.partitions();
      consumer.assign(partitions);
      Map<TopicPartition, Long> first = consumer.beginningOffsets(partitions);
      Map<TopicPartition, Long> end = consumer.endOffsets(partitions);
      List<String> gaps = new ArrayList<>();
      for (TopicPartition partition : partitions) {
        long start = first.getOrDefault(partition, 0L);
        long stop = end.getOrDefault(partition, start);
        long next =
            switch (from) {
              case BEGINNING -> start;
              case END -> stop;
              case POSITION -> position.next(partition);
            };
        if (next < start || next > stop) {
          long resumed = next < start ? start : stop;
          gaps.add(EventJson.gap(streamId, position.name(partition), next, resumed).toString());
          metrics.eventGaps.inc();
          next = resumed;
        }
        consumer.seek(partition, next);
        position.read(partition, next - 1);
      }
      return new EventReader(
          streamId,
          kafka.topics().streamStatus(),
          consumer,
          position,
          gaps,
          out,
          disconnect,
          heartbeat,
          registered,
          metrics);
    } catch (RuntimeException e) {
      consumer.close();
      throw e;
    }
  }

  /** Starts to write; the future ends with the connection. */
  CompletableFuture<Void> start(int number, Failures failures) {
    worker = Worker.start("sink-events-" + number, this::readAll, consumer::wakeup, failures);
    return done;
  }

  private void readAll(Worker self) {
    try {
      greet();
      long lastWrite = System.nanoTime();
      boolean removed = false;
      while (!self.stopping() && !removed) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          position.read(new TopicPartition(record.topic(), record.partition()), record.offset());
          put(record);
        }
        removed = !registered.getAsBoolean();
        if (removed) {
          putEvent("status", EventJson.removed(streamId).toString());
        }
        boolean quiet = System.nanoTime() - lastWrite > heartbeat.get().toNanos();
        if (quiet && block.size() == 0) {
          put("id: " + here() + "\n: still here\n\n");
        }
        if (block.size() > 0) {
          write();
          lastWrite = System.nanoTime();
        }
      }
    } catch (WakeupException e) {
      log.atTrace().log("event reader is closing");
    } catch (IOException e) {
      if (cut) {
        metrics.eventReadersCut.inc();
      }
      log.atDebug().addKeyValue("stream", streamId).log("event reader left");
    } catch (KafkaException e) {
      log.atWarn().addKeyValue("stream", streamId).setCause(e).log("events can not be read");
    } finally {
      consumer.close();
      done.complete(null);
    }
  }

  private void greet() throws IOException {
    put("retry: " + RETRY_MILLIS + "\nid: " + position + "\n\n");
    gaps.forEach(gap -> putEvent("gap", gap));
    write();
  }

  /** The position, past what the log holds between this stream's records. */
  private EventPosition here() {
    position.partitions().forEach(it -> position.read(it, consumer.position(it) - 1));
    return position;
  }

  private void put(ConsumerRecord<byte[], byte[]> record) {
    try {
      if (record.topic().equals(statusTopic)) {
        putStatus(record);
      } else if (record.value() != null) {
        FaceEmotion emotion = Serdes.FACE_EMOTION.decode(record.value());
        if (emotion.getStreamId().equals(streamId)) {
          putEvent("emotion", EventJson.emotion(emotion).toString());
        }
      }
    } catch (AvroSerde.UnreadableRecordException e) {
      metrics.unreadable.labelValues(record.topic()).inc();
    }
  }

  private void putStatus(ConsumerRecord<byte[], byte[]> record) {
    if (record.value() != null
        && record.key() != null
        && streamId.equals(new String(record.key(), StandardCharsets.UTF_8))) {
      putEvent("status", EventJson.status(Serdes.STREAM_STATUS.decode(record.value())).toString());
    }
  }

  private void putEvent(String name, String data) {
    put("event: " + name + "\nid: " + position + "\ndata: " + data + "\n\n");
    metrics.eventsSent.labelValues(name).inc();
  }

  private void put(String text) {
    block.writeBytes(text.getBytes(StandardCharsets.UTF_8));
  }

  private void write() throws IOException {
    writingSince = System.nanoTime();
    writing = true;
    try {
      block.writeTo(out);
      out.flush();
    } finally {
      writing = false;
    }
    block.reset();
  }

  /** For how long the reader has taken nothing of what is being written to it. */
  Duration blockedFor() {
    return writing ? Duration.ofNanos(System.nanoTime() - writingSince) : Duration.ZERO;
  }

  /** Breaks the connection of a reader that takes nothing. */
  void cut() {
    cut = true;
    disconnect.run();
  }

  void close() {
    Worker running = worker;
    if (running == null) {
      return;
    }
    running.stop();
    if (writing) {
      disconnect.run();
    }
    running.close();
  }
}
