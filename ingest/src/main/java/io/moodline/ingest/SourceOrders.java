package io.moodline.ingest;

import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.UserException;
import io.moodline.schemas.Purpose;
import io.moodline.schemas.SourceUri;
import io.moodline.schemas.v1.StreamSpec;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Turns what a user asked for into what a decoder is told, or a refusal: purpose, spelling, file
 * and address are checked here, before anything is decoded. Works on threads of its own, since a
 * name server or a disk can be slow. Thread-safe.
 */
final class SourceOrders implements AutoCloseable {
  private static final int THREADS = 4;

  private final MediaFolder media;
  private final SecretBox secrets;
  private final AddressPolicy policy;
  private final ExecutorService threads;

  SourceOrders(MediaFolder media, SecretBox secrets, AddressPolicy policy) {
    this.media = media;
    this.secrets = secrets;
    this.policy = policy;
    AtomicInteger number = new AtomicInteger();
    this.threads =
        Executors.newFixedThreadPool(
            THREADS,
            task -> {
              Thread thread = new Thread(task, "ingest-resolve-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Checks a stream's source in the background.
   *
   * @param afterMicros media time of a recording's last published frame; -1 for none
   * @return ends with the order, a {@link SourceException} that may pass, or a {@link
   *     UserException} that will not
   */
  CompletableFuture<DecodeOrder> order(StreamSpec spec, long afterMicros) {
    CompletableFuture<DecodeOrder> answer = new CompletableFuture<>();
    threads.execute(
        () -> {
          try {
            answer.complete(check(spec, afterMicros));
          } catch (SourceException | RuntimeException e) {
            answer.completeExceptionally(e);
          }
        });
    return answer;
  }

  /** Answers another question that may be slow, on the same threads. */
  <T> CompletableFuture<T> ask(Supplier<T> question) {
    return CompletableFuture.supplyAsync(question, threads);
  }

  private DecodeOrder check(StreamSpec spec, long afterMicros) throws SourceException {
    SourceUri uri;
    try {
      Purpose.parse(spec.getPurpose());
      uri = SourceUri.parse(spec.getSource());
    } catch (IllegalArgumentException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    }
    SourceUri complete = withCredentials(uri, spec);
    return order(complete, WantedFrames.of(spec), afterMicros);
  }

  /**
   * Checks a source.
   *
   * @param uri with its credentials
   * @throws SourceException when it can not be read now; later it may
   * @throws UserException when it is not read at all
   */
  DecodeOrder order(SourceUri uri, WantedFrames wanted, long afterMicros) throws SourceException {
    return switch (uri.scheme()) {
      case FILE -> {
        Path file = media.find(uri.path());
        yield new DecodeOrder.Recording(file, MediaFolder.container(file), wanted, afterMicros);
      }
      case PICTURES ->
          new DecodeOrder.Pictures(
              media.findFolder(uri.path()),
              Double.parseDouble(uri.option("rate").orElse("1")),
              wanted,
              afterMicros);
      case SYNTHETIC -> new DecodeOrder.Synthetic(uri, wanted, afterMicros);
      case RTSP, RTSPS, HTTP, HTTPS -> new DecodeOrder.Network(uri, address(uri), wanted);
      case WEBCAM ->
          new DecodeOrder.Webcam(
              uri.path(),
              Webcams.device(uri.path()),
              uri.option("size").orElse(""),
              uri.option("rate").orElse(""),
              wanted);
    };
  }

  private InetAddress address(SourceUri uri) throws SourceException {
    try {
      return policy.resolve(uri);
    } catch (UnknownHostException e) {
      throw new SourceException("the source's host has no address now", true);
    }
  }

  private SourceUri withCredentials(SourceUri uri, StreamSpec spec) {
    ByteBuffer sealed = spec.getSealedCredentials();
    if (sealed == null) {
      return uri;
    }
    byte[] bytes = new byte[sealed.remaining()];
    sealed.duplicate().get(bytes);
    return uri.withCredentials(secrets.unseal(bytes, spec.getStreamId()));
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
