package io.moodline.sink;

import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import io.moodline.schemas.VideoContainer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Takes a recording into the media folder. It is written under a hidden name, looked into, and only
 * then given its own name in one move: nobody ever sees half a recording, and what is no video
 * leaves nothing behind. Thread-safe.
 */
final class Uploads {
  /** Left free, so that an upload can not fill the disk under the broker. */
  private static final long RESERVE_BYTES = 512L * 1024 * 1024;

  private static final int BUFFER_BYTES = 128 * 1024;

  private final MediaFolder media;
  private final RecordingCheck check;
  private final long maxBytes;
  private final ApiMetrics metrics;
  private final SecureRandom random = new SecureRandom();
  private final UploadPlaces places;

  Uploads(MediaFolder media, RecordingCheck check, Settings settings, ApiMetrics metrics) {
    this.media = media;
    this.check = check;
    this.maxBytes = 1_000_000L * settings.get(SinkSettings.UPLOAD_MEGABYTES);
    this.places = UploadPlaces.of(settings);
    this.metrics = metrics;
    removeLeftovers();
  }

  /** What a killed process was writing; a day old, since another process may share the folder. */
  private void removeLeftovers() {
    Instant old = Instant.now().minus(Duration.ofDays(1));
    try (DirectoryStream<Path> parts = Files.newDirectoryStream(media.root(), ".upload-*.part")) {
      for (Path part : parts) {
        if (Files.getLastModifiedTime(part).toInstant().isBefore(old)) {
          Files.deleteIfExists(part);
        }
      }
    } catch (IOException e) {
      throw new UserException(
          "media folder " + media.root() + " can not be used: " + e.getMessage(), e);
    }
  }

  /**
   * A recording that was taken.
   *
   * @param name its name in the media folder
   */
  record Taken(String name, long bytes, VideoContainer container) {}

  /**
   * What a sender sends.
   *
   * @param wish what the sender calls it
   */
  record Sent(InputStream in, @Nullable String wish) {}

  /** Opening it tells a sender that asked (Expect: 100-continue) to go on. */
  interface Body {
    Sent open() throws IOException;
  }

  /**
   * Reads a recording to its end. It is opened only when what was announced could be taken.
   *
   * @param announced length in bytes, -1 when it was not said
   * @param cut breaks the sender's connection
   * @throws Problem when it is too large, no video, there is no room, or others are under way
   */
  Taken take(Body body, long announced, Runnable cut) throws IOException, InterruptedException {
    try (UploadPlaces.Place place = places.take(cut)) {
      return take(body, announced, place);
    }
  }

  private Taken take(Body body, long announced, UploadPlaces.Place place) throws IOException {
    checkRoom(announced);
    Sent sent = body.open();
    Path part = media.root().resolve(".upload-" + fresh() + ".part");
    try {
      long bytes = copy(sent.in(), part, announced, place);
      place.complete();
      VideoContainer container = look(part);
      Path file = freeName(sent.wish(), container);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
      return new Taken(String.valueOf(file.getFileName()), bytes, container);
    } catch (IOException e) {
      throw failed(e);
    } finally {
      remove(part);
    }
  }

  private void checkRoom(long announced) {
    if (announced > maxBytes) {
      throw tooLarge();
    }
    if (freeBytes() < RESERVE_BYTES + Math.max(0, announced)) {
      throw Problem.of(
          507, "the disk of the media folder has no room for the recording: remove others");
    }
  }

  private long copy(InputStream in, Path part, long announced, UploadPlaces.Place place)
      throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    long bytes = 0;
    long checked = 0;
    try (OutputStream out = Files.newOutputStream(part, StandardOpenOption.CREATE_NEW)) {
      for (int n = read(in, buffer); n >= 0; n = read(in, buffer)) {
        bytes += n;
        metrics.uploadedBytes.inc(n);
        place.received(n);
        if (bytes > maxBytes) {
          throw tooLarge();
        }
        if (bytes - checked > RESERVE_BYTES / 4) {
          checkRoom(0);
          checked = bytes;
        }
        out.write(buffer, 0, n);
      }
    }
    if (bytes == 0) {
      throw Problem.unprocessable("the recording is empty: send the video as the request's body");
    }
    if (announced >= 0 && bytes != announced) {
      throw interrupted();
    }
    return bytes;
  }

  private static int read(InputStream in, byte[] buffer) {
    try {
      return in.read(buffer);
    } catch (IOException e) {
      throw interrupted();
    }
  }

  private VideoContainer look(Path part) {
    VideoContainer container;
    try (InputStream in = Files.newInputStream(part)) {
      container =
          VideoContainer.sniff(in.readNBytes(VideoContainer.HEAD_BYTES))
              .orElseThrow(
                  () ->
                      Problem.of(
                          415,
                          "the upload is no video that Moodline can read: give "
                              + VideoContainer.COMMON_NAMES));
    } catch (IOException e) {
      throw failed(e);
    }
    try {
      check.check(part);
    } catch (UserException e) {
      // The check names the file as it is called now, which means nothing to the sender.
      throw Problem.unprocessable(
          String.valueOf(e.getMessage())
              .replace(part.toString(), "the upload")
              .replace(String.valueOf(part.getFileName()), "the upload"));
    }
    return container;
  }

  private long freeBytes() {
    try {
      return Files.getFileStore(media.root()).getUsableSpace();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Takes the name that was wished where it is free, else one that begins like it. */
  private Path freeName(@Nullable String wish, VideoContainer container) throws IOException {
    String base = safeName(wish);
    String extension = "." + extension(container);
    try {
      return Files.createFile(media.root().resolve(base + extension));
    } catch (FileAlreadyExistsException e) {
      return Files.createFile(media.root().resolve(base + "-" + fresh() + extension));
    }
  }

  /** Letters, digits, underscore and hyphen of the wish, without an extension. */
  static String safeName(@Nullable String wish) {
    String name =
        wish == null
            ? ""
            : wish.substring(Math.max(wish.lastIndexOf('/'), wish.lastIndexOf('\\')) + 1);
    int dot = name.lastIndexOf('.');
    String base =
        (dot > 0 ? name.substring(0, dot) : name)
            .replaceAll("[^A-Za-z0-9_-]+", "-")
            .replaceAll("^[-_]+|[-_]+$", "");
    if (base.length() > 60) {
      base = base.substring(0, 60);
    }
    return base.isEmpty() ? "recording" : base;
  }

  private static String extension(VideoContainer container) {
    return switch (container) {
      case MATROSKA -> "mkv";
      case MPEG_TS -> "ts";
      case MPEG_PS -> "mpg";
      case ASF -> "wmv";
      default -> container.name().toLowerCase(Locale.ROOT);
    };
  }

  private String fresh() {
    byte[] bytes = new byte[4];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private static void remove(Path part) {
    try {
      Files.deleteIfExists(part);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Problem tooLarge() {
    return Problem.of(413, "the recording is larger than http.upload-max-megabytes allows");
  }

  private static Problem interrupted() {
    return Problem.malformed("the upload ended early");
  }

  private static Problem failed(IOException e) {
    return Problem.of(
        507, "the recording can not be kept in the media folder: " + e.getClass().getSimpleName());
  }
}
