package io.moodline.ingest;

import io.moodline.schemas.SourceUri;
import io.moodline.schemas.VideoContainer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Reads an HLS source as one stream of bytes: follows its playlist, fetches segment after segment,
 * each from where the policy allows, and leaves FFmpeg nothing to look up. Starts near the live
 * edge. Confined to the link's thread.
 */
final class HlsReader {
  private static final int LONGEST_PLAYLIST = 2 * 1024 * 1024;
  private static final int LONGEST_SEGMENT = 64 * 1024 * 1024;
  private static final int LARGEST_START = 1024 * 1024;
  private static final int SEGMENTS_FROM_EDGE = 3;
  private static final int WIDE_ENOUGH = 1280;

  private final HttpFetch fetch;
  private final AddressPolicy policy;
  private final Dialer.Patience patience;
  private final CountDownLatch closed;
  private @Nullable SourceUri listUri;
  private @Nullable InetAddress listAddress;
  private HlsPlaylist list = new HlsPlaylist(List.of(), List.of(), 0, true);
  private long next;
  private Optional<HlsPlaylist.Start> start = Optional.empty();
  private byte @Nullable [] firstSegment;

  HlsReader(
      HttpFetch fetch, AddressPolicy policy, Dialer.Patience patience, CountDownLatch closed) {
    this.fetch = fetch;
    this.policy = policy;
    this.patience = patience;
    this.closed = closed;
  }

  /**
   * Finds the rendition to read, and what its segments are.
   *
   * @param answer the playlist's own answer
   * @param in its body
   */
  VideoContainer open(HttpFetch.Answer answer, InputStream in) throws IOException, SourceException {
    take(answer, in);
    if (!list.variants().isEmpty()) {
      HlsPlaylist.Variant chosen = choose(list.variants());
      load(Redirects.resolve(answer.uri(), chosen.uri()), answer.address());
    }
    if (!list.variants().isEmpty() || list.segments().isEmpty()) {
      throw new SourceException("has a playlist without video", true);
    }
    int from = list.complete() ? 0 : Math.max(0, list.segments().size() - SEGMENTS_FROM_EDGE);
    HlsPlaylist.Segment first = list.segments().get(from);
    next = first.number();
    start = first.start();
    firstSegment = fetch(first);
    byte[] head = start.isPresent() ? startBytes(start.get()) : firstSegment;
    return HttpLink.container(
        java.util.Arrays.copyOf(head, Math.min(head.length, VideoContainer.HEAD_BYTES)));
  }

  /** The widest rendition that is not scaled down anyway, else the narrowest. */
  private static HlsPlaylist.Variant choose(List<HlsPlaylist.Variant> variants) {
    Comparator<HlsPlaylist.Variant> bySize =
        Comparator.comparingInt(HlsPlaylist.Variant::width)
            .thenComparingLong(HlsPlaylist.Variant::bandwidth);
    return variants.stream()
        .filter(variant -> variant.width() <= WIDE_ENOUGH)
        .max(bySize)
        .orElseGet(() -> variants.stream().min(bySize).orElseThrow());
  }

  /** Passes segments on until the playlist is complete, or the link is closed. */
  void pass(OutputStream player) throws IOException, SourceException {
    if (start.isPresent()) {
      player.write(startBytes(start.get()));
    }
    long freshNanos = System.nanoTime();
    while (closed.getCount() > 0) {
      boolean some = false;
      for (HlsPlaylist.Segment segment : list.segments()) {
        if (segment.number() >= next) {
          if (!segment.start().equals(start)) {
            throw new SourceException("changed its format", true);
          }
          byte[] first = firstSegment;
          firstSegment = null;
          player.write(first == null ? fetch(segment) : first);
          next = segment.number() + 1;
          some = true;
        }
      }
      if (list.complete()) {
        return;
      }
      freshNanos = some ? System.nanoTime() : freshNanos;
      checkFresh(freshNanos);
      pause();
      load(require(listUri), require(listAddress));
    }
  }

  private void checkFresh(long freshNanos) throws SourceException {
    long allowed = patience.silence().toNanos() + (long) (3e9 * Math.min(60, list.targetSeconds()));
    if (System.nanoTime() - freshNanos > allowed) {
      throw new SourceException("offers no new segment", true);
    }
  }

  private void pause() throws IOException {
    double seconds = Math.max(0.2, Math.min(5, list.targetSeconds() / 2));
    try {
      closed.await((long) (seconds * 1000), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private void load(SourceUri uri, InetAddress from) throws IOException, SourceException {
    InetAddress address = policy.follow(from, uri);
    try (HttpFetch.Answer answer = fetch.get(uri, address, "")) {
      take(answer, answer.body());
    }
  }

  private void take(HttpFetch.Answer answer, InputStream in) throws IOException, SourceException {
    byte[] text = read(in, LONGEST_PLAYLIST, "a playlist");
    answer.close();
    if (!HlsPlaylist.isOne(text)) {
      throw new SourceException("has a playlist that leads to none", true);
    }
    list = HlsPlaylist.parse(new String(text, StandardCharsets.UTF_8));
    // A host that a playlist came from is the base of what it names, also after a redirect.
    listUri = answer.uri();
    listAddress = answer.address();
  }

  private byte[] fetch(HlsPlaylist.Segment segment) throws IOException, SourceException {
    byte[] bytes =
        fetch(
            segment.uri(),
            segment.range().map(HlsPlaylist.Range::header).orElse(""),
            Duration.ofMillis((long) (3000 * Math.min(60, segment.seconds()))),
            LONGEST_SEGMENT);
    return segment.key().isPresent() ? decrypt(bytes, segment, segment.key().get()) : bytes;
  }

  private byte[] startBytes(HlsPlaylist.Start first) throws IOException, SourceException {
    String range = first.range().map(HlsPlaylist.Range::header).orElse("");
    return fetch(first.uri(), range, Duration.ZERO, LARGEST_START);
  }

  private byte[] fetch(String reference, String headers, Duration extra, int largest)
      throws IOException, SourceException {
    SourceUri uri = Redirects.resolve(require(listUri), reference);
    InetAddress address = policy.follow(require(listAddress), uri);
    try (HttpFetch.Answer answer = fetch.get(uri, address, headers)) {
      answer.wire().within(patience.open().plus(extra));
      return read(answer.body(), largest, "a segment");
    }
  }

  private static byte[] read(InputStream in, int largest, String what) throws IOException {
    byte[] bytes = in.readNBytes(largest + 1);
    if (bytes.length > largest) {
      throw new WireException("sends " + what + " of more than " + largest + " bytes");
    }
    return bytes;
  }

  private byte[] decrypt(byte[] bytes, HlsPlaylist.Segment segment, HlsPlaylist.Key key)
      throws IOException, SourceException {
    byte[] secret = fetch(key.uri(), "", Duration.ZERO, 1024);
    try {
      byte[] vector =
          key.vector().isPresent()
              ? HexFormat.of().parseHex(key.vector().get().replaceFirst("^0[xX]", ""))
              : ByteBuffer.allocate(16).putLong(8, segment.number()).array();
      Cipher cipher = Cipher.getInstance("AES/CBC/PKCS5Padding"); // as RFC 8216 asks for
      cipher.init(
          Cipher.DECRYPT_MODE, new SecretKeySpec(secret, "AES"), new IvParameterSpec(vector));
      return cipher.doFinal(bytes);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new SourceException("can not be decrypted with the key that it names", true);
    }
  }

  private static <T> T require(@Nullable T part) {
    if (part == null) {
      throw new IllegalStateException("the playlist was not read yet");
    }
    return part;
  }
}
