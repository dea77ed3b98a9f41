package io.moodline.sink;

import io.moodline.schemas.StreamPartition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyQueryMetadata;
import org.apache.kafka.streams.state.HostInfo;

/**
 * Finds who owns what is asked for, and asks there.
 *
 * <p>An owner that is this instance answers at once. Another one is asked over HTTP. Where
 * staleness is allowed and the owner has not answered after a moment, since it died, hangs or the
 * partition is moving, a copy is asked too, here or elsewhere, and the first answer counts; what a
 * copy says is marked. Without that permission only the owner's word counts. At most {@value
 * #MAX_REMOTE} questions are out at a time, so that instances never starve each other. Thread-safe.
 */
final class RoutedStores implements StoreAsker {
  private static final int MAX_REMOTE = 24;
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Map<String, KafkaStreams> applications;
  private final StoreAsker local;
  private final RemoteStores remote;
  private final HostInfo self;
  private final int partitions;
  private final Duration ownerPatience;
  private final Semaphore out = new Semaphore(MAX_REMOTE);

  RoutedStores(
      Map<String, KafkaStreams> applications,
      StoreAsker local,
      RemoteStores remote,
      HostInfo self,
      int partitions,
      Duration ownerPatience) {
    this.applications = Map.copyOf(applications);
    this.local = local;
    this.remote = remote;
    this.self = self;
    this.partitions = partitions;
    this.ownerPatience = ownerPatience;
  }

  @Override
  public StoreAnswer ask(StoreQuestion question, boolean staleAllowed) {
    try {
      return local.ask(question, false);
    } catch (NotReadyException e) {
      return askOthers(question, staleAllowed, e);
    }
  }

  private StoreAnswer askOthers(
      StoreQuestion question, boolean staleAllowed, NotReadyException own) {
    Optional<KeyQueryMetadata> where = where(question);
    if (!out.tryAcquire()) {
      throw new NotReadyException("too many questions wait for other instances: try again", own);
    }
    try {
      CompletableFuture<StoreAnswer> owner =
          where
              .map(KeyQueryMetadata::activeHost)
              .filter(host -> !host.equals(self))
              .map(host -> remote.ask(host, question, false))
              .orElseGet(() -> CompletableFuture.failedFuture(own));
      return staleAllowed
          ? ownerOrCopy(question, where, owner)
          : await(owner, PATIENCE).orElseThrow(() -> failed(own));
    } finally {
      out.release();
    }
  }

  private StoreAnswer ownerOrCopy(
      StoreQuestion question,
      Optional<KeyQueryMetadata> where,
      CompletableFuture<StoreAnswer> owner) {
    Optional<StoreAnswer> answer = await(owner, ownerPatience);
    if (answer.isPresent()) {
      return answer.get();
    }
    try {
      return local.ask(question, true);
    } catch (NotReadyException e) {
      List<CompletableFuture<StoreAnswer>> all = new ArrayList<>(List.of(owner));
      where.map(KeyQueryMetadata::standbyHosts).orElse(Set.of()).stream()
          .filter(host -> !host.equals(self))
          .forEach(host -> all.add(remote.ask(host, question, true)));
      return await(first(all), PATIENCE).orElseThrow(() -> failed(e));
    }
  }

  /** Empty while the group has not yet agreed on who owns what. */
  private Optional<KeyQueryMetadata> where(StoreQuestion question) {
    KafkaStreams application =
        java.util.Objects.requireNonNull(applications.get(question.store().application()));
    try {
      KeyQueryMetadata found =
          application.queryMetadataForKey(
              question.store().store(),
              question.streamId(),
              (topic, key, value, count) ->
                  Optional.of(Set.of(StreamPartition.of(key, partitions))));
      return Optional.ofNullable(found)
          .filter(metadata -> !metadata.equals(KeyQueryMetadata.NOT_AVAILABLE));
    } catch (IllegalStateException e) {
      return Optional.empty(); // not running yet or any more
    }
  }

  /** The first that succeeds; fails when all have failed. */
  private static CompletableFuture<StoreAnswer> first(List<CompletableFuture<StoreAnswer>> all) {
    CompletableFuture<StoreAnswer> first = new CompletableFuture<>();
    all.forEach(it -> it.thenAccept(first::complete));
    CompletableFuture.allOf(all.toArray(new CompletableFuture<?>[0]))
        .whenComplete(
            (v, e) -> {
              if (e != null) {
                first.completeExceptionally(e);
              }
            });
    return first;
  }

  /** Empty when it fails or takes too long. */
  private static Optional<StoreAnswer> await(
      CompletableFuture<StoreAnswer> answer, Duration patience) {
    try {
      return Optional.of(answer.get(patience.toMillis(), TimeUnit.MILLISECONDS));
    } catch (ExecutionException | TimeoutException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new NotReadyException("the server is stopping", e);
    }
  }

  private static NotReadyException failed(NotReadyException own) {
    return new NotReadyException(
        "the instance that holds this stream does not answer: try again in a moment", own);
  }
}
