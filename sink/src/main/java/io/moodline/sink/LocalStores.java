package io.moodline.sink;

import io.moodline.schemas.StreamPartition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;

/**
 * Answers from the stores of this instance.
 *
 * <p>An answer is fresh only when this instance owns the partition and is surely still a member of
 * its group: one that could not say so to Kafka for a while may have been replaced without knowing.
 * Thread-safe.
 */
final class LocalStores implements StoreAsker {
  private final Map<String, KafkaStreams> applications;
  private final Map<String, Membership> memberships;
  private final int partitions;

  /**
   * Over the applications that run here.
   *
   * @param applications by their name in {@link QueryStore#application}
   */
  LocalStores(Map<String, KafkaStreams> applications, int partitions) {
    this.applications = Map.copyOf(applications);
    this.memberships =
        applications.entrySet().stream()
            .collect(
                java.util.stream.Collectors.toUnmodifiableMap(
                    Map.Entry::getKey, entry -> new Membership(entry.getValue()::metrics)));
    this.partitions = partitions;
  }

  @Override
  public StoreAnswer ask(StoreQuestion question, boolean staleAllowed) {
    try {
      boolean current = membership(question).isCurrent();
      if (current || staleAllowed) {
        return new StoreAnswer(read(question, owned(question)), !current);
      }
    } catch (InvalidStateStoreException e) {
      if (!staleAllowed) {
        throw notReady(e);
      }
      return askCopy(question);
    }
    throw new NotReadyException("this instance may have been replaced: try again in a moment");
  }

  /** A copy that follows the owner, or is on its way to become the owner. */
  private StoreAnswer askCopy(StoreQuestion question) {
    try {
      return new StoreAnswer(read(question, owned(question).enableStaleStores()), true);
    } catch (InvalidStateStoreException e) {
      throw notReady(e);
    }
  }

  private static NotReadyException notReady(InvalidStateStoreException e) {
    return new NotReadyException("timelines are starting or moving: try again in a moment", e);
  }

  private StoreQueryParameters<ReadOnlyKeyValueStore<byte[], Object>> owned(
      StoreQuestion question) {
    return StoreQueryParameters.fromNameAndType(
            question.store().store(), QueryableStoreTypes.<byte[], Object>keyValueStore())
        .withPartition(StreamPartition.of(question.streamId(), partitions));
  }

  private List<byte[]> read(
      StoreQuestion question,
      StoreQueryParameters<ReadOnlyKeyValueStore<byte[], Object>> parameters) {
    ReadOnlyKeyValueStore<byte[], Object> store = application(question).store(parameters);
    List<byte[]> values = new ArrayList<>();
    try (KeyValueIterator<byte[], Object> found =
        question.newestFirst()
            ? store.reverseRange(question.from(), question.to())
            : store.range(question.from(), question.to())) {
      while (values.size() < question.limit() && found.hasNext()) {
        values.add(question.store().encode(found.next().value));
      }
    }
    return values;
  }

  private KafkaStreams application(StoreQuestion question) {
    return java.util.Objects.requireNonNull(applications.get(question.store().application()));
  }

  private Membership membership(StoreQuestion question) {
    return java.util.Objects.requireNonNull(memberships.get(question.store().application()));
  }
}
