package io.moodline.sink;

import io.moodline.runtime.StageContext;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.AnalyzerStatus;
import io.moodline.schemas.v1.ModelChoice;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * What the analyzers say of themselves, and the one place where the API chooses models for them.
 * The thread {@code sink-analyzers} reads {@code analyzer-status.v1} and {@code model-choices.v1}
 * from the beginning, as every instance does. Thread-safe.
 */
final class AnalyzerRegistry implements AutoCloseable {
  private static final String KEY = "default";
  private static final TopicCopy.Names NAMES =
      new TopicCopy.Names("sink-analyzers", "choice", "model choices");

  /** An analyzer reports every few seconds; one that was killed can not say that it is gone. */
  private static final Duration SILENT_AFTER = Duration.ofSeconds(30);

  private final Topics topics;
  private final Clock clock;
  private final TopicCopy copy;
  // Guarded by the copy.
  private final Map<String, AnalyzerStatus> analyzers = new TreeMap<>();
  private @Nullable ModelChoice choice;

  private AnalyzerRegistry(StageContext ctx, ApiMetrics metrics) {
    this.topics = ctx.kafka().topics();
    this.clock = ctx.clock();
    this.copy =
        new TopicCopy(ctx, metrics, NAMES, List.of(topics.analyzerStatus(), topics.modelChoices()));
    copy.start(this::take, () -> {});
  }

  static AnalyzerRegistry start(StageContext ctx, ApiMetrics metrics) {
    return new AnalyzerRegistry(ctx, metrics);
  }

  /** The analyzers that were heard of lately, by instance. */
  List<AnalyzerStatus> analyzers() {
    Instant silent = clock.instant().minus(SILENT_AFTER);
    return copy.look(
        () -> analyzers.values().stream().filter(it -> it.getUpdatedAt().isAfter(silent)).toList());
  }

  /** What was chosen last; revision 0 where nothing was. */
  ModelChoice choice() {
    return copy.ask(
        () -> choice == null ? new ModelChoice(null, null, 0.0, 0L, Instant.EPOCH) : choice);
  }

  /** Chooses, and returns when {@link #choice} shows it. One edit at a time. */
  synchronized ModelChoice choose(UnaryOperator<ModelChoice> edit) {
    ModelChoice before = choice();
    ModelChoice after =
        ModelChoice.newBuilder(edit.apply(before))
            .setRevision(before.getRevision() + 1)
            .setUpdatedAt(clock.instant().truncatedTo(ChronoUnit.MICROS))
            .build();
    copy.write(topics.modelChoices(), KEY, Serdes.MODEL_CHOICE.encode(after));
    return choice();
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    if (record.topic().equals(topics.analyzerStatus())) {
      copy.take(record, Serdes.ANALYZER_STATUS, AnalyzerStatus::getInstance, analyzers);
    } else if (record.value() != null) {
      copy.decode(record, Serdes.MODEL_CHOICE, it -> true)
          .filter(read -> choice == null || read.getRevision() > choice.getRevision())
          .ifPresent(read -> choice = read);
    }
  }

  @Override
  public void close() {
    copy.close();
  }
}
