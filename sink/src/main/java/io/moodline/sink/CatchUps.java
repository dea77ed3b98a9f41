package io.moodline.sink;

import io.moodline.runtime.StageContext;
import io.moodline.runtime.Worker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Readers whose place has left the rings take turns at a few consumers, a small piece of the log
 * each time, until they have come to what the rings hold. So a reader that is slow or was away for
 * hours costs the others nothing. The queue holds each waiting reader once.
 *
 * <p>Threads: {@code sink-catch-up-<n>}, each with a consumer while there is work. Thread-safe.
 */
final class CatchUps implements AutoCloseable {
  /** Records that a reader gets per turn: what it may hold in memory while it is slow. */
  private static final int RECORDS = 64;

  private static final int THREADS = 4;
  private static final Duration IDLE = Duration.ofSeconds(30);
  private static final Logger log = LoggerFactory.getLogger(CatchUps.class);

  private final StageContext stage;
  private final BlockingQueue<Optional<EventReader>> waiting = new LinkedBlockingQueue<>();
  private final List<Worker> workers = new ArrayList<>();

  CatchUps(StageContext stage) {
    this.stage = stage;
    for (int i = 1; i <= THREADS; i++) {
      Turns turns = new Turns();
      workers.add(Worker.start("sink-catch-up-" + i, turns::run, turns::wakeUp, stage.failures()));
    }
  }

  /** The reader's {@link EventReader#catchUp} is called soon, once. */
  void add(EventReader reader) {
    waiting.add(Optional.of(reader));
  }

  /** One thread's loop; its consumer is opened when needed and closed when idle. */
  private final class Turns {
    private volatile @Nullable KafkaConsumer<byte[], byte[]> consumer;

    void run(Worker self) throws InterruptedException {
      try {
        while (!self.stopping()) {
          Optional<EventReader> reader = waiting.poll(IDLE.toMillis(), TimeUnit.MILLISECONDS);
          if (reader == null) {
            closeConsumer();
          } else if (!self.stopping()) {
            reader.ifPresent(this::turn);
          }
        }
      } catch (WakeupException e) {
        log.atTrace().log("catching up is over");
      } finally {
        closeConsumer();
      }
    }

    private void turn(EventReader reader) {
      KafkaConsumer<byte[], byte[]> open = consumer;
      if (open == null) {
        open =
            stage
                .kafka()
                .consumer(
                    "sink-catch-up",
                    Map.of(
                        "auto.offset.reset",
                        "none",
                        "max.poll.records",
                        RECORDS,
                        "max.partition.fetch.bytes",
                        256 * 1024,
                        "default.api.timeout.ms",
                        10_000));
        consumer = open;
      }
      try {
        reader.catchUp(open);
      } catch (WakeupException e) {
        throw e;
      } catch (KafkaException e) {
        log.atWarn().setCause(e).log("the log can not be read, the reader waits");
        reader.catchUpFailed();
      }
    }

    private void closeConsumer() {
      KafkaConsumer<byte[], byte[]> open = consumer;
      consumer = null;
      if (open != null) {
        open.close();
      }
    }

    void wakeUp() {
      KafkaConsumer<byte[], byte[]> open = consumer;
      if (open != null) {
        open.wakeup();
      }
    }
  }

  @Override
  public void close() {
    workers.forEach(Worker::stop);
    workers.forEach(worker -> waiting.add(Optional.empty()));
    workers.forEach(Worker::close);
  }
}
