package io.moodline.ingest;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Looks names of hosts up on threads of its own, each name once at a time: a name server that does
 * not answer keeps a thread for as long as the system lets it, and nobody else waits for that
 * thread. Thread-safe.
 */
final class HostNames implements AutoCloseable {
  private static final int THREADS = 64;
  private static final Duration PATIENCE = Duration.ofMillis(2500);
  private static final long IDLE_SECONDS = 30;

  private final AddressPolicy policy;
  private final ThreadPoolExecutor threads;
  private final ConcurrentMap<String, CompletableFuture<InetAddress[]>> asked =
      new ConcurrentHashMap<>();

  HostNames(AddressPolicy policy) {
    this.policy = policy;
    AtomicInteger number = new AtomicInteger();
    this.threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread = new Thread(task, "ingest-names-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    threads.allowCoreThreadTimeOut(true);
  }

  /** Whether a host is spelled as an address, which needs no name server. */
  static boolean isLiteral(String host) {
    return host.startsWith("[") || host.matches("[0-9.]+");
  }

  /**
   * Asks for a name's addresses.
   *
   * @return ends with them, an {@link UnknownHostException}, or a {@link
   *     java.util.concurrent.TimeoutException}
   */
  CompletableFuture<InetAddress[]> find(String host) {
    return asked
        .computeIfAbsent(host, this::ask)
        .copy()
        .orTimeout(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }

  private CompletableFuture<InetAddress[]> ask(String host) {
    CompletableFuture<InetAddress[]> answer = new CompletableFuture<>();
    threads.execute(
        () -> {
          try {
            InetAddress[] found = policy.find(host);
            asked.remove(host);
            answer.complete(found);
          } catch (UnknownHostException | RuntimeException e) {
            asked.remove(host);
            answer.completeExceptionally(e);
          }
        });
    return answer;
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
