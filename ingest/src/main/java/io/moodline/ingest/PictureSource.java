package io.moodline.ingest;

import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.bytedeco.ffmpeg.avutil.AVFrame;

/**
 * Pictures of one source, one after the other, with their times. Owns native memory. Runs in a
 * decoder child only. Confined to the source's thread.
 */
interface PictureSource extends AutoCloseable {
  /** In the place of a demuxer: a folder of pictures. */
  String FOLDER = "moodline-folder";

  /** In the place of a demuxer: drawn pictures. */
  String SYNTHETIC = "moodline-synthetic";

  /**
   * Opens a source.
   *
   * @param goesOn asked again and again where much has to be read before; false ends it
   * @throws SourceException when it can not be opened, or holds no video that can be decoded
   */
  static PictureSource open(DecoderMessage.Open order, BooleanSupplier goesOn)
      throws SourceException {
    return switch (order.demuxer()) {
      case FOLDER -> PictureFolder.open(order, goesOn);
      case SYNTHETIC -> SyntheticSource.open(order);
      default -> VideoSource.open(order);
    };
  }

  /**
   * Sets what is asked whenever a picture is looked for and something has been read on the way,
   * since that can take long: whether to go on.
   */
  default void whileLooking(BooleanSupplier goesOn) {}

  /**
   * Goes to the next picture.
   *
   * @return false at the end, or where it does not go on
   * @throws SourceException when a recording breaks off
   */
  boolean next() throws SourceException;

  /** The picture that {@link #next} went to; it changes with the next call. */
  AVFrame picture();

  /** Its time since the source's first picture, microseconds. */
  long mediaTimeMicros();

  /**
   * Its time as the source has it, in the source's own units: of RTP, ticks since the first packet.
   */
  default long stamp() {
    return mediaTimeMicros();
  }

  /** What decodes it, once each time that it is known or has changed; drawn pictures tell none. */
  default Optional<DecodedBy> decoderNews() {
    return Optional.empty();
  }

  /** FFmpeg's name of the codec. */
  String codecName();

  /** The source's own rate; 0 where it does not say. */
  double framesPerSecond();

  /** Quarter turns to the right that show the picture upright. */
  int rotation();

  /** Those of one of its pictures, which may differ from picture to picture. */
  default int rotation(AVFrame picture) {
    return rotation();
  }

  /** Width of a pixel over its height. */
  double pixelAspect();

  int shownWidth();

  int shownHeight();

  /** Length as the container states it; -1 where it does not. */
  long durationMicros();

  @Override
  void close();
}
