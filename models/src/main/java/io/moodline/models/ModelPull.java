package io.moodline.models;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLConnection;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Fetches a known model from its publisher. The bytes go into a file beside the final one, which a
 * later call continues where a connection was cut, and move to their place in one step once their
 * digest is the pinned one: what lies there is whole, or nothing does.
 *
 * <p>HTTPS only, also after redirects. Confined to one thread; two processes keep out of each
 * other's way with a file lock.
 */
public final class ModelPull {
  private static final int CONNECT_MILLIS = (int) Duration.ofSeconds(15).toMillis();
  private static final int SILENCE_MILLIS = (int) Duration.ofSeconds(30).toMillis();
  private static final int MOST_REDIRECTS = 5;
  private static final int NO_SUCH_RANGE = 416;
  private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d{1,18})-.*");

  private final KnownModel known;
  private final Path file;
  private final Path partial;
  private final boolean httpsOnly;

  private ModelPull(KnownModel known, Path bundles, boolean httpsOnly) {
    this.known = known;
    this.file = known.path(bundles);
    this.partial = file.resolveSibling("." + file.getFileName() + ".part");
    this.httpsOnly = httpsOnly;
  }

  /** A pull of the model into its place below the folder of bundles. */
  public static ModelPull of(KnownModel known, Path bundles) {
    return new ModelPull(known, bundles, true);
  }

  /** The same over plain HTTP too, from a server of a test's. */
  static ModelPull insecurely(KnownModel known, Path bundles) {
    return new ModelPull(known, bundles, false);
  }

  /** Where the model lies once it is there. */
  public Path file() {
    return file;
  }

  /** Whether it is there already, with the published digest. */
  public boolean isThere() {
    try {
      return Files.isRegularFile(file)
          && Files.size(file) == known.bytes()
          && Digests.sha256(Files.readAllBytes(file)).equals(known.sha256());
    } catch (IOException e) {
      throw new BundleException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Downloads what is missing of it.
   *
   * @param progress told how many bytes are there, as they come
   */
  public void download(LongConsumer progress) {
    withPartial(
        part -> {
          boolean resumed = part.size() > 0;
          fetch(part, progress);
          // A start that was no start of this file spoils the rest: once more from the beginning.
          if (resumed && !digest(part).equals(known.sha256())) {
            part.truncate(0);
            fetch(part, progress);
          }
        });
  }

  /** Takes it from a file that the user fetched elsewhere. */
  public void takeFrom(Path from) {
    if (!Files.isRegularFile(from)) {
      throw new BundleException(from + " is not there or no file; give the file that you fetched");
    }
    withPartial(
        part -> {
          part.truncate(0);
          try (InputStream in = Files.newInputStream(from)) {
            copy(in, part, bytes -> {});
          }
        });
  }

  /** How to get the model onto a machine without a connection, in a clause. */
  public String otherwise() {
    return "fetch "
        + known.address()
        + " elsewhere, then run `moodline model pull "
        + known.name()
        + " --from FILE` or put it to "
        + file;
  }

  private interface Fill {
    void into(FileChannel partial) throws IOException;
  }

  private void withPartial(Fill fill) {
    try {
      Files.createDirectories(file.getParent());
      try (FileChannel part =
              FileChannel.open(
                  partial,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE);
          FileLock lock = lock(part)) {
        if (lock == null) {
          throw new BundleException(
              known.name() + " is being pulled by another process; wait for that one");
        }
        fill.into(part);
        seal(part);
        part.force(true);
        Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException e) {
      throw new BundleException(file + " cannot be written: " + e.getMessage(), e);
    }
  }

  private static @Nullable FileLock lock(FileChannel part) throws IOException {
    try {
      return part.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private void seal(FileChannel part) throws IOException {
    String digest = digest(part);
    if (!digest.equals(known.sha256())) {
      long bytes = part.size();
      Files.delete(partial);
      throw new BundleException(
          known.name()
              + " came with SHA-256 "
              + digest
              + " ("
              + bytes
              + " bytes) instead of "
              + known.sha256()
              + " and was thrown away; it is not what was published, so "
              + otherwise());
    }
  }

  private String digest(FileChannel part) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(part.size(), known.bytes() + 1));
    for (long at = 0; bytes.hasRemaining(); ) {
      int read = part.read(bytes, at);
      if (read < 0) {
        break;
      }
      at += read;
    }
    return Digests.sha256(bytes.array());
  }

  private void fetch(FileChannel part, LongConsumer progress) throws IOException {
    if (part.size() >= known.bytes()) {
      return; // all of it came before; the digest decides
    }
    HttpURLConnection connection = null;
    try {
      connection = connect(part.size());
      int status = connection.getResponseCode();
      if (status == NO_SUCH_RANGE) {
        part.truncate(0);
        connection.disconnect();
        connection = connect(0);
        status = connection.getResponseCode();
      }
      if (status != HttpURLConnection.HTTP_OK && status != HttpURLConnection.HTTP_PARTIAL) {
        throw new BundleException(
            known.name()
                + " was refused by "
                + connection.getURL().getHost()
                + " with status "
                + status
                + ": try again later, or "
                + otherwise());
      }
      continueOrStartOver(part, status, connection.getHeaderField("Content-Range"));
      try (InputStream in = connection.getInputStream()) {
        copy(in, part, progress);
      }
    } catch (IOException e) {
      throw cut(part, e);
    } finally {
      if (connection != null) {
        connection.disconnect();
      }
    }
    if (part.size() < known.bytes()) {
      throw cut(part, new IOException("the server closed it"));
    }
  }

  /** A server that knows no ranges, or gives another one, sends from the beginning. */
  private static void continueOrStartOver(FileChannel part, int status, @Nullable String range)
      throws IOException {
    Matcher matcher = CONTENT_RANGE.matcher(range == null ? "" : range);
    boolean continues =
        status == HttpURLConnection.HTTP_PARTIAL
            && matcher.matches()
            && Long.parseLong(matcher.group(1)) == part.size();
    if (status == HttpURLConnection.HTTP_PARTIAL && !continues) {
      throw new IOException("the server sent another part than the one that was asked for");
    }
    if (!continues) {
      part.truncate(0);
    }
  }

  private void copy(InputStream in, FileChannel part, LongConsumer progress) throws IOException {
    byte[] chunk = new byte[1 << 16];
    long size = part.size();
    for (int read; (read = in.read(chunk)) >= 0; ) {
      ByteBuffer bytes = ByteBuffer.wrap(chunk, 0, read);
      while (bytes.hasRemaining()) {
        size += part.write(bytes, size);
      }
      progress.accept(size);
      if (size > known.bytes()) {
        return; // no more of what can not be it; the digest says so
      }
    }
  }

  private HttpURLConnection connect(long from) throws IOException {
    URI address = known.address();
    for (int hop = 0; hop <= MOST_REDIRECTS; hop++) {
      HttpURLConnection connection = open(address);
      if (from > 0) {
        connection.setRequestProperty("Range", "bytes=" + from + "-");
      }
      String location =
          connection.getResponseCode() / 100 == 3 ? connection.getHeaderField("Location") : null;
      if (location == null) {
        return connection;
      }
      connection.disconnect();
      try {
        address = address.resolve(location);
      } catch (IllegalArgumentException e) {
        throw new IOException("the server leads on to what is no address", e);
      }
    }
    throw new IOException("the server leads on again and again");
  }

  private HttpURLConnection open(URI address) throws IOException {
    String scheme = String.valueOf(address.getScheme()).toLowerCase(Locale.ROOT);
    if (!scheme.equals("https") && (httpsOnly || !scheme.equals("http"))) {
      throw new BundleException(
          known.name()
              + " is fetched over https only, and the way leads to "
              + scheme
              + "://"
              + address.getHost()
              + ": "
              + otherwise());
    }
    URLConnection opened = address.toURL().openConnection();
    if (!(opened instanceof HttpURLConnection connection)) {
      throw new IOException("no HTTP");
    }
    connection.setInstanceFollowRedirects(false);
    connection.setConnectTimeout(CONNECT_MILLIS);
    connection.setReadTimeout(SILENCE_MILLIS);
    connection.setRequestProperty("User-Agent", "moodline");
    connection.setRequestProperty("Accept-Encoding", "identity");
    return connection;
  }

  private BundleException cut(FileChannel part, IOException cause) throws IOException {
    long bytes = part.size();
    String why = cause instanceof UnknownHostException ? "no such host" : cause.getMessage();
    if (bytes == 0) {
      Files.deleteIfExists(partial);
      return new BundleException(
          known.name()
              + " can not be fetched: no connection to "
              + known.address().getHost()
              + " ("
              + why
              + "); "
              + otherwise(),
          cause);
    }
    return new BundleException(
        known.name()
            + ": the connection was cut after "
            + bytes
            + " of "
            + known.bytes()
            + " bytes ("
            + why
            + "); run the same again to continue, or "
            + otherwise(),
        cause);
  }
}
