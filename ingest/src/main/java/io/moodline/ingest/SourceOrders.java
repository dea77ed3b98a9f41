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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Turns what a user asked for into what a decoder is told, or a refusal: purpose, spelling, file
 * and address are checked here, before anything is decoded. Works on threads of its own, since a
 * disk can be slow; names are looked up on others, see {@link HostNames}. Thread-safe.
 */
final class SourceOrders implements AutoCloseable {
  private static final int THREADS = 4;

  private final MediaFolder media;
  private final SecretBox secrets;
  private final AddressPolicy policy;
  private final HostNames names;
  private final ExecutorService threads;

  /** Finds the address of a network source. */
  @FunctionalInterface
  private interface Finder {
    InetAddress find(SourceUri uri) throws UnknownHostException;
  }

  SourceOrders(MediaFolder media, SecretBox secrets, AddressPolicy policy) {
    this.media = media;
    this.secrets = secrets;
    this.policy = policy;
    this.names = new HostNames(policy);
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
   *     UserException} about purpose or spelling, which will not
   */
  CompletableFuture<DecodeOrder> order(StreamSpec spec, long afterMicros) {
    CompletableFuture<DecodeOrder> answer = new CompletableFuture<>();
    Optional<String> name = name(spec);
    if (name.isEmpty()) {
      threads.execute(() -> check(spec, afterMicros, policy::resolve, answer));
    } else {
      names
          .find(name.get())
          .whenCompleteAsync(
              (found, error) ->
                  check(
                      spec,
                      afterMicros,
                      uri -> {
                        if (found == null) {
                          throw new UnknownHostException(uri.host());
                        }
                        return policy.judge(uri, found);
                      },
                      answer),
              threads);
    }
    return answer;
  }

  /** The name that has to be looked up; empty where there is none, or nothing that can be read. */
  private static Optional<String> name(StreamSpec spec) {
    try {
      SourceUri uri = SourceUri.parse(spec.getSource());
      return switch (uri.scheme()) {
        case RTSP, RTSPS, HTTP, HTTPS ->
            Optional.of(uri.host()).filter(host -> !HostNames.isLiteral(host));
        default -> Optional.empty();
      };
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // told by the check
    }
  }

  private void check(
      StreamSpec spec, long afterMicros, Finder finder, CompletableFuture<DecodeOrder> answer) {
    try {
      answer.complete(check(spec, afterMicros, finder));
    } catch (SourceException | RuntimeException e) {
      answer.completeExceptionally(e);
    }
  }

  /** Answers another question that may be slow, on the same threads. */
  <T> CompletableFuture<T> ask(Supplier<T> question) {
    return CompletableFuture.supplyAsync(question, threads);
  }

  private DecodeOrder check(StreamSpec spec, long afterMicros, Finder finder)
      throws SourceException {
    SourceUri uri;
    try {
      Purpose.parse(spec.getPurpose());
      uri = SourceUri.parse(spec.getSource());
    } catch (IllegalArgumentException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    }
    WantedFrames wanted = WantedFrames.of(spec);
    try {
      return order(withCredentials(uri, spec), wanted, afterMicros, finder);
    } catch (UserException e) {
      throw SourceException.refused(String.valueOf(e.getMessage()));
    }
  }

  /**
   * Checks a source.
   *
   * @param uri with its credentials
   * @throws SourceException when it can not be read now; later it may
   * @throws UserException when it is not read at all
   */
  DecodeOrder order(SourceUri uri, WantedFrames wanted, long afterMicros) throws SourceException {
    return order(uri, wanted, afterMicros, policy::resolve);
  }

  private DecodeOrder order(SourceUri uri, WantedFrames wanted, long afterMicros, Finder finder)
      throws SourceException {
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
      case RTSP, RTSPS, HTTP, HTTPS -> new DecodeOrder.Network(uri, address(uri, finder), wanted);
      case WEBCAM ->
          new DecodeOrder.Webcam(
              uri.path(),
              Webcams.device(uri.path()),
              uri.option("size").orElse(""),
              uri.option("rate").orElse(""),
              wanted);
    };
  }

  private static InetAddress address(SourceUri uri, Finder finder) throws SourceException {
    try {
      return finder.find(uri);
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
    names.close();
    threads.shutdownNow();
  }
}
