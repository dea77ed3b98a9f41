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
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
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
 * the last {@value #LOOK_BACK_SECONDS} seconds hold. Ends, and forgets its picture, when the stream
 * is removed, becomes another or is erased. Confined to {@code sink-preview-<stream>}, but for
 * {@link #next} and {@link #close}.
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
  private final StreamView stream;
  private final Supplier<Optional<StreamView>> current;
  private final List<TopicPartition> partitions;
  private final TopicPartition erasures;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Deque<Frame> frames = new ArrayDeque<>();
  private final Deque<FrameFaces> found = new ArrayDeque<>();
  private final Worker worker;
  private long waitingBytes;
  private @Nullable FrameFaces before;
  private boolean open;
  private long erasedMillis = Long.MIN_VALUE; // log time
  private final Object latestLock = new Object();
  private @Nullable PreviewPicture latest; // guarded by latestLock
  private boolean ended; // guarded by latestLock

  /**
   * Starts to read.
   *
   * @param keys what frames and faces are sealed with
   * @param current the stream as it is registered now; empty once it is removed
   */
  PreviewFeed(
      StageContext stage, StreamView stream, KeyRing keys, Supplier<Optional<StreamView>> current) {
    this.stream = stream;
    this.streamId = stream.id();
    this.keys = keys;
    this.key = streamId.getBytes(StandardCharsets.UTF_8);
    this.stage = stage;
    this.current = current;
    int partition = StreamPartition.of(streamId, stage.kafka().partitions());
    boolean live = stream.spec().getKind() == StreamKind.LIVE;
    var topics = stage.kafka().topics();
    this.partitions =
        List.of(
            new TopicPartition(live ? topics.frames() : topics.recordingFrames(), partition),
            new TopicPartition(topics.faces(), partition));
    this.erasures = new TopicPartition(topics.erasures(), partition);
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
   * @return what there is then, which is {@code shown} when nothing came in time; empty when there
   *     is none, or the feed has ended
   */
  Optional<PreviewPicture> next(@Nullable PreviewPicture shown, Duration patience)
      throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    synchronized (latestLock) {
      while (latest == shown && !ended) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          break;
        }
        latestLock.wait(left);
      }
      return Optional.ofNullable(latest);
    }
  }

  boolean hasEnded() {
    synchronized (latestLock) {
      return ended;
    }
  }

  private void readAll(Worker self) {
    try {
      seek(List.of(erasures));
      readErasures(self);
      seek(partitions);
      while (!self.stopping() && isSameStream()) {
        boolean erased = false;
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          erased |= take(record);
        }
        if (erased) {
          return;
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
        latest = null;
        latestLock.notifyAll();
      }
    }
  }

  /** Whether the stream is still the one that it was; hides faces that may not be seen any more. */
  private boolean isSameStream() {
    StreamView now = current.get().orElse(null);
    if (now == null
        || !now.spec().getCreatedAt().equals(stream.spec().getCreatedAt())
        || now.spec().getKind() != stream.spec().getKind()) {
      return false;
    }
    if (open && !now.spec().getShowFaces()) {
      synchronized (latestLock) {
        latest = null;
        latestLock.notifyAll();
      }
    }
    open = now.spec().getShowFaces();
    return true;
  }

  /** What was erased a moment ago is still in the log, and would be shown again. */
  private void readErasures(Worker self) {
    long end = consumer.endOffsets(List.of(erasures)).getOrDefault(erasures, 0L);
    while (!self.stopping() && consumer.position(erasures) < end) {
      consumer.poll(POLL).forEach(this::take);
    }
  }

  /** Reads these too, from where the look back begins. */
  private void seek(List<TopicPartition> added) {
    List<TopicPartition> all = new ArrayList<>(consumer.assignment());
    all.addAll(added);
    consumer.assign(all);
    long since = stage.clock().millis() - 1000L * LOOK_BACK_SECONDS;
    Map<TopicPartition, Long> times = new HashMap<>();
    added.forEach(it -> times.put(it, since));
    Map<TopicPartition, OffsetAndTimestamp> offsets = consumer.offsetsForTimes(times);
    for (TopicPartition partition : added) {
      OffsetAndTimestamp offset = offsets.get(partition);
      if (offset == null) {
        consumer.seekToEnd(List.of(partition));
      } else {
        consumer.seek(partition, offset.offset());
      }
    }
  }

  /** Takes a record in, and tells whether it says that the stream was erased. */
  private boolean take(ConsumerRecord<byte[], byte[]> record) {
    if (!java.util.Arrays.equals(key, record.key()) || record.value() == null) {
      return false;
    }
    if (record.topic().equals(erasures.topic())) {
      erasedMillis = Math.max(erasedMillis, record.timestamp());
      return true;
    }
    if (record.timestamp() > erasedMillis) {
      read(record);
    }
    return false;
  }

  private void read(ConsumerRecord<byte[], byte[]> record) {
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
