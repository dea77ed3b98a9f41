package io.moodline.analyzer;

import io.moodline.models.BundleException;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.WholeReads;
import io.moodline.runtime.Worker;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.ModelChoice;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads which model is to be used and which is to be tried, opens them and hands them on, so that
 * frames flow while a network is loaded and checked. A bundle that can not be opened is tried again
 * every half minute; meanwhile what was in use stays.
 *
 * <p>Owns the consumer; the models that it opens belong to whom they are handed to. Confined to one
 * thread at a time, but for {@link #wakeUp}.
 */
final class ModelChoices implements AutoCloseable {
  private static final Duration POLL = Duration.ofSeconds(1);
  private static final long RETRY_NANOS = 30_000_000_000L;

  private static final Logger log = LoggerFactory.getLogger(ModelChoices.class);

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Function<String, Model> opener;
  private final Consumer<ModelsInUse> next;
  private @Nullable ModelChoice choice;
  private @Nullable ModelChoice followed;
  private ModelsInUse opened = ModelsInUse.AS_SET;
  private long openedNanos;
  private boolean catchingUp;

  /**
   * Prepares to read from the beginning.
   *
   * @param opener opens a bundle by its name or throws a {@link BundleException}
   * @param next takes what was opened; later ones replace earlier
   */
  ModelChoices(
      KafkaConnection kafka,
      String clientId,
      Function<String, Model> opener,
      Consumer<ModelsInUse> next) {
    this.opener = opener;
    this.next = next;
    this.consumer = kafka.consumer(clientId, Map.of());
    List<TopicPartition> partitions =
        IntStream.range(0, kafka.partitions())
            .mapToObj(i -> new TopicPartition(kafka.topics().modelChoices(), i))
            .toList();
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
  }

  /**
   * Reads what is chosen already, so that the first frame meets the model to use; gives up after
   * {@code patience} and leaves the rest to {@link #run}, and so the model to try: no frame waits
   * for that.
   */
  void catchUp(Duration patience) {
    catchingUp = true;
    long deadline = System.nanoTime() + patience.toNanos();
    try {
      Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment(), patience);
      while (System.nanoTime() < deadline
          && ends.entrySet().stream()
              .anyMatch(end -> consumer.position(end.getKey(), patience) < end.getValue())) {
        follow();
      }
    } catch (KafkaException e) {
      log.atWarn().addKeyValue("cause", e.toString()).log("model choices can not be read now");
    }
    catchingUp = false;
    followed = null;
  }

  /** Follows the topic until told to stop. */
  void run(Worker worker) {
    while (!worker.stopping()) {
      try {
        follow();
      } catch (WakeupException e) {
        // Asked to look whether to stop.
      } catch (KafkaException e) {
        log.atWarn().addKeyValue("cause", e.toString()).log("model choices can not be read now");
      }
    }
  }

  private void follow() {
    WholeReads.take(consumer, consumer.poll(POLL), this::take);
    boolean isNew = choice != followed;
    boolean again = !opened.problem().isEmpty() && System.nanoTime() - openedNanos > RETRY_NANOS;
    if (choice != null && (isNew || again)) {
      open(choice);
    }
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    ModelChoice read = read(record);
    if (read != null && (choice == null || read.getRevision() > choice.getRevision())) {
      choice = read;
    }
  }

  private static @Nullable ModelChoice read(ConsumerRecord<byte[], byte[]> record) {
    try {
      return record.value() == null ? null : Serdes.MODEL_CHOICE.decode(record.value());
    } catch (UnreadableRecordException e) {
      log.atWarn().addKeyValue("offset", record.offset()).log("a model choice can not be read");
      return null;
    }
  }

  private void open(ModelChoice wanted) {
    followed = wanted;
    StringBuilder problem = new StringBuilder();
    Model model = take(wanted.getModel(), opened.model(), problem);
    Model trial = catchingUp ? null : take(wanted.getTrial(), null, problem);
    ModelsInUse now =
        new ModelsInUse(model, trial, trial == null ? 0 : wanted.getShare(), problem.toString());
    if (!now.equals(opened)) {
      opened = now;
      next.accept(now);
      log.atInfo()
          .addKeyValue("model", model == null ? "as set" : model.bundle())
          .addKeyValue("trial", trial == null ? "none" : trial.bundle())
          .addKeyValue("problem", problem)
          .log("models chosen");
    }
    openedNanos = System.nanoTime();
  }

  /** The model of that name, open already where possible; {@code otherwise} when it can not be. */
  private @Nullable Model take(
      @Nullable String name, @Nullable Model otherwise, StringBuilder problem) {
    if (name == null) {
      return null;
    }
    Model inUse = opened.model();
    Model tried = opened.trial();
    if (inUse != null && inUse.bundle().name().equals(name)) {
      return inUse;
    }
    if (tried != null && tried.bundle().name().equals(name)) {
      return tried;
    }
    try {
      return opener.apply(name);
    } catch (CancellationException e) {
      return otherwise; // the analyzer stops
    } catch (BundleException e) {
      problem.append(problem.isEmpty() ? "" : "; ").append(e.getMessage());
      return otherwise;
    }
  }

  /** Ends a wait early; from any thread. */
  void wakeUp() {
    consumer.wakeup();
  }

  @Override
  public void close() {
    consumer.close();
  }
}
