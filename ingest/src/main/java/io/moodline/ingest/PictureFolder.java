package io.moodline.ingest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.jspecify.annotations.Nullable;

/**
 * The pictures of one folder, in the order of their names, each for the same time. What its first
 * bytes do not show as a JPEG, PNG, WebP or BMP is no picture; one that is damaged costs itself,
 * and the time that is its own passes. Links are not followed. Confined to the source's thread.
 */
final class PictureFolder implements PictureSource {
  private static final int MOST_PICTURES = 1_000_000;
  private static final Map<String, String> DEMUXERS =
      Map.of(
          "FFD8FF",
          "jpeg_pipe",
          "89504E47",
          "png_pipe",
          "52494646",
          "webp_pipe",
          "424D",
          "bmp_pipe");

  private final DecoderMessage.Open order;
  private final List<Path> files;
  private final double rate;
  private int number = -1;
  private PictureSource current;
  private boolean fresh = true;

  private PictureFolder(DecoderMessage.Open order, List<Path> files, double rate)
      throws SourceException {
    this.order = order;
    this.files = files;
    this.rate = rate;
    PictureSource first = null;
    while (first == null) {
      if (++number == files.size()) {
        throw new SourceException("holds no picture that can be decoded", false);
      }
      first = read(number);
    }
    this.current = first;
  }

  static PictureFolder open(DecoderMessage.Open order) throws SourceException {
    try (Stream<Path> entries = Files.list(Path.of(order.url()))) {
      List<Path> files =
          entries
              .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
              .limit(MOST_PICTURES)
              .sorted()
              .filter(PictureFolder::isPicture)
              .toList();
      return new PictureFolder(
          order, files, Double.parseDouble(order.options().getOrDefault("rate", "1")));
    } catch (IOException e) {
      throw new SourceException("can not be read", false);
    }
  }

  private static boolean isPicture(Path file) {
    return !demuxer(file).isEmpty();
  }

  private static String demuxer(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      String head = java.util.HexFormat.of().withUpperCase().formatHex(in.readNBytes(4));
      return DEMUXERS.entrySet().stream()
          .filter(known -> head.startsWith(known.getKey()))
          .map(Map.Entry::getValue)
          .findFirst()
          .orElse("");
    } catch (IOException e) {
      return "";
    }
  }

  /** Decodes one picture; null where it is damaged. */
  private @Nullable PictureSource read(int index) {
    Path file = files.get(index);
    VideoSource source = null;
    try {
      source =
          VideoSource.open(
              new DecoderMessage.Open(
                  order.stream(),
                  "file:" + file,
                  demuxer(file),
                  Map.of("protocol_whitelist", "file"),
                  false,
                  false,
                  order.wanted(),
                  order.maxWidth(),
                  order.jpegQuality(),
                  -1,
                  order.hardware()));
      if (source.next()) {
        return source;
      }
    } catch (SourceException e) {
      System.err.println("a picture of a folder can not be decoded: " + e.getMessage());
    }
    if (source != null) {
      source.close();
    }
    return null;
  }

  @Override
  public boolean next() {
    if (fresh) {
      fresh = false;
      return true;
    }
    while (++number < files.size()) {
      PictureSource found = read(number);
      if (found != null) {
        current.close();
        current = found;
        return true;
      }
    }
    return false;
  }

  @Override
  public AVFrame picture() {
    return current.picture();
  }

  @Override
  public long mediaTimeMicros() {
    return Math.round(number * 1e6 / rate);
  }

  @Override
  public String codecName() {
    return current.codecName();
  }

  @Override
  public double framesPerSecond() {
    return rate;
  }

  @Override
  public int rotation() {
    return current.rotation();
  }

  @Override
  public double pixelAspect() {
    return current.pixelAspect();
  }

  @Override
  public int shownWidth() {
    return current.shownWidth();
  }

  @Override
  public int shownHeight() {
    return current.shownHeight();
  }

  @Override
  public long durationMicros() {
    return Math.round(files.size() * 1e6 / rate);
  }

  @Override
  public void close() {
    current.close();
  }
}
