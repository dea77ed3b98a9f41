package io.moodline.ingest;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.jspecify.annotations.Nullable;

/**
 * The pictures of one folder, in the order of their names, each for the same time: the files whose
 * names end as those of JPEG, PNG, WebP and BMP do. Each is opened when its turn comes; one that is
 * damaged, or none of these by its first bytes, costs itself, and the time that is its own passes.
 * Links are not followed. Confined to the source's thread.
 */
final class PictureFolder implements PictureSource {
  private static final int MOST_PICTURES = 1_000_000;
  private static final Pattern NAME =
      Pattern.compile("\\.(jpe?g|jpe|jfif|png|webp|bmp|dib)$", Pattern.CASE_INSENSITIVE);
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
  private BooleanSupplier goesOn;
  private int number = -1;
  private PictureSource current;
  private boolean fresh = true;

  private PictureFolder(
      DecoderMessage.Open order, List<Path> files, double rate, BooleanSupplier goesOn)
      throws SourceException {
    this.order = order;
    this.files = files;
    this.rate = rate;
    this.goesOn = goesOn;
    PictureSource first = null;
    while (first == null) {
      if (++number == files.size() || !goesOn.getAsBoolean()) {
        throw new SourceException("holds no picture that can be decoded", false);
      }
      first = read(number);
    }
    this.current = first;
  }

  static PictureFolder open(DecoderMessage.Open order, BooleanSupplier goesOn)
      throws SourceException {
    try (Stream<Path> entries = Files.list(Path.of(order.url()))) {
      List<Path> files =
          entries
              .takeWhile(file -> goesOn.getAsBoolean())
              .filter(PictureFolder::isPicture)
              .limit(MOST_PICTURES)
              .sorted()
              .toList();
      double rate = Double.parseDouble(order.options().getOrDefault("rate", "1"));
      return new PictureFolder(order, files, rate, goesOn);
    } catch (IOException | UncheckedIOException e) {
      throw new SourceException("can not be read", false);
    }
  }

  private static boolean isPicture(Path file) {
    return NAME.matcher(file.getFileName().toString()).find()
        && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
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
    String demuxer = demuxer(file);
    if (demuxer.isEmpty()) {
      return null;
    }
    VideoSource source = null;
    try {
      source =
          VideoSource.open(
              new DecoderMessage.Open(
                  order.stream(),
                  "file:" + file,
                  demuxer,
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
  public void whileLooking(BooleanSupplier asked) {
    goesOn = asked;
  }

  @Override
  public boolean next() {
    if (fresh) {
      fresh = false;
      return true;
    }
    while (++number < files.size() && goesOn.getAsBoolean()) {
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
    return rotation(current.picture());
  }

  /** A camera writes how it was held into each picture. */
  @Override
  public int rotation(AVFrame picture) {
    return VideoFacts.rotation(picture).orElse(0);
  }

  private boolean isOnItsSide() {
    return rotation() % 2 == 1;
  }

  @Override
  public double pixelAspect() {
    return current.pixelAspect();
  }

  @Override
  public int shownWidth() {
    return isOnItsSide() ? current.shownHeight() : current.shownWidth();
  }

  @Override
  public int shownHeight() {
    return isOnItsSide() ? current.shownWidth() : current.shownHeight();
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
