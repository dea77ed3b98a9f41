package io.moodline.sink;

import io.moodline.runtime.DataKey.BrokenSealException;
import io.moodline.runtime.KeyRing;
import io.moodline.runtime.SealedRecords;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.Worker;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.StreamKind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one stream's frames and what was found in them, and holds the latest pair: a frame and the
 * faces of the same run and sequence, never of another. All viewers of the stream share it.
 *
 * <p>In memory are the frames whose faces have not come yet, at most {@value #MAX_WAITING} and
 * {@value #MAX_WAITING_BYTES} bytes, the oldest dropped first, and one picture. Starts with what
 * the last {@value #LOOK_BACK_SECONDS} seconds hold. Confined to {@code sink-preview-<stream>}, but
 * for {@link #next} and {@link #close}.
 */
final class PreviewFeed implements AutoCloseable {
  private static final int MAX_WAITING = 64;
  private static final long MAX_WAITING_BYTES = 16L * 1024 * 1024;
  private static final int LOOK_BACK_SECONDS = 60;
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Logger log = LoggerFactory.getLogger(PreviewFeed.class);

  private final String streamId;
  private final byte[] key;
  private final StageContext stage;
  private final KeyRing keys;
  private final BooleanSupplier showFaces;
  private final List<TopicPartition> partitions;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Deque<Frame> frames = new ArrayDeque<>();
  private final Deque<FrameFaces> found = new ArrayDeque<>();
  private final Worker worker;
  private long waitingBytes;
  private @Nullable FrameFaces before;
  private final Object latestLock = new Object();
  private @Nullable PreviewPicture latest; // guarded by latestLock
  private boolean ended; // guarded by latestLock

  /**
   * Starts to read.
   *
   * @param keys what frames and faces are sealed with
   * @param showFaces whether the stream lets faces be seen now
   */
  PreviewFeed(StageContext stage, StreamView stream, KeyRing keys, BooleanSupplier showFaces) {
    this.streamId = stream.id();
    this.keys = keys;
    this.key = streamId.getBytes(StandardCharsets.UTF_8);
    this.stage = stage;
    this.showFaces = showFaces;
    int partition = StreamPartition.of(streamId, stage.kafka().partitions());
    boolean live = stream.spec().getKind() == StreamKind.LIVE;
    var topics = stage.kafka().topics();
    this.partitions =
        List.of(
            new TopicPartition(live ? topics.frames() : topics.recordingFrames(), partition),
            new TopicPartition(topics.faces(), partition));
    this.consumer =
        stage
            .kafka()
            .consumer(
                "sink-preview", Map.of("max.poll.records", 50, "default.api.timeout.ms", 10_000));
    this.worker =
        Worker.start("sink-preview-" + streamId, this::readAll, consumer::wakeup, stage.failures());
  }

  /**
   * Waits for a picture other than {@code shown}.
   *
   * @return empty when none came in time, or none will come any more
   */
  Optional<PreviewPicture> next(@Nullable PreviewPicture shown, Duration patience)
      throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    synchronized (latestLock) {
      while (latest == shown && !ended) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          return Optional.empty();
        }
        latestLock.wait(left);
      }
      return latest == shown ? Optional.empty() : Optional.ofNullable(latest);
    }
  }

  boolean hasEnded() {
    synchronized (latestLock) {
      return ended;
    }
  }

  private void readAll(Worker self) {
    try {
      seek();
      while (!self.stopping()) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          if (java.util.Arrays.equals(key, record.key()) && record.value() != null) {
            take(record);
          }
        }
        match();
      }
    } catch (WakeupException e) {
      log.atTrace().log("preview is closing");
    } catch (KafkaException e) {
      log.atWarn().addKeyValue("stream", streamId).setCause(e).log("frames can not be read");
    } finally {
      consumer.close();
      synchronized (latestLock) {
        ended = true;
        latestLock.notifyAll();
      }
    }
  }

  private void seek() {
    consumer.assign(partitions);
    long since = stage.clock().millis() - 1000L * LOOK_BACK_SECONDS;
    Map<TopicPartition, Long> times = new HashMap<>();
    partitions.forEach(it -> times.put(it, since));
    Map<TopicPartition, OffsetAndTimestamp> offsets = consumer.offsetsForTimes(times);
    for (TopicPartition partition : partitions) {
      OffsetAndTimestamp offset = offsets.get(partition);
      if (offset == null) {
        consumer.seekToEnd(List.of(partition));
      } else {
        consumer.seek(partition, offset.offset());
      }
    }
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    try {
      if (record.topic().equals(partitions.get(1).topic())) {
        SealedRecords.open(
                Serdes.FRAME_FACES.decode(record.value()), keys, SealedRecords.Faces.IN_USE)
            .filter(faces -> faces.getEndOfRun() == null)
            .ifPresent(found::addLast);
      } else {
        Frame frame = Serdes.FRAME.decode(record.value());
        if (frame.getEndOfRun() == null) {
          frames.addLast(frame);
          waitingBytes += frame.getJpeg().remaining();
        }
      }
    } catch (UnreadableRecordException | BrokenSealException e) {
      log.atDebug().addKeyValue("topic", record.topic()).log("record can not be read");
    }
    while (frames.size() > MAX_WAITING || waitingBytes > MAX_WAITING_BYTES && frames.size() > 1) {
      waitingBytes -= frames.removeFirst().getJpeg().remaining();
    }
    while (found.size() > MAX_WAITING) {
      found.removeFirst();
    }
  }

  /** Both come in the stream's order, so what is older than a pair will find no partner. */
  private void match() {
    for (FrameFaces faces : List.copyOf(found)) {
      Frame frame = frames.stream().filter(it -> isSame(it, faces)).findFirst().orElse(null);
      if (frame == null) {
        continue;
      }
      while (!frames.isEmpty() && frames.getFirst() != frame) {
        waitingBytes -= frames.removeFirst().getJpeg().remaining();
      }
      waitingBytes -= frames.removeFirst().getJpeg().remaining();
      while (found.getFirst() != faces) {
        found.removeFirst();
      }
      found.removeFirst();
      show(frame, faces);
    }
  }

  private static boolean isSame(Frame frame, FrameFaces faces) {
    return frame.getSequence() == faces.getSequence() && frame.getRunId().equals(faces.getRunId());
  }

  private void show(Frame frame, FrameFaces faces) {
    boolean open = showFaces.getAsBoolean();
    FrameFaces last = before;
    before = faces;
    if (!PreviewPicture.isShown(faces, open)) {
      return;
    }
    Optional<Frame> plain = plain(frame);
    if (plain.isPresent()) {
      byte[] jpeg = new byte[plain.get().getJpeg().remaining()];
      plain.get().getJpeg().duplicate().get(jpeg);
      synchronized (latestLock) {
        latest = new PreviewPicture(jpeg, faces, last, open);
        latestLock.notifyAll();
      }
    }
  }

  /** A frame with its picture; empty where its stream was erased, or its bytes are not its own. */
  private Optional<Frame> plain(Frame frame) {
    try {
      return SealedRecords.open(frame, keys);
    } catch (BrokenSealException e) {
      log.atDebug().addKeyValue("stream", streamId).log("a picture can not be opened");
      return Optional.empty();
    }
  }

  /** Tells the reader and everyone who waits for it to go. */
  void end() {
    worker.stop();
  }

  @Override
  public void close() {
    worker.close();
  }
}
