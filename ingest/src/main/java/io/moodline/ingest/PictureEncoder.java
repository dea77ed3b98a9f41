package io.moodline.ingest;

import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.ffmpeg.global.swscale;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.ffmpeg.swscale.SwsFilter;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;
import org.jspecify.annotations.Nullable;

/**
 * Makes JPEGs of decoded pictures: scaled and converted once, by swscale's exact code paths so that
 * the same picture gives the same bytes on every processor, then turned upright and compressed.
 * Owns the native memory it works in. Confined to the source's thread.
 */
final class PictureEncoder implements AutoCloseable {
  private final int maxWidth;
  private final IntPointer parameters;
  private final IntPointer targetStride = new IntPointer(1);
  private final PointerPointer<BytePointer> targetData = new PointerPointer<>(1);
  private @Nullable SwsContext scaler;
  private @Nullable Mat scaled;
  private @Nullable Mat upright;
  private Shape shape = new Shape(0, 0, 0, 0, 0);

  private record Shape(int width, int height, int pixelFormat, int colours, int range) {}

  PictureEncoder(int maxWidth, int quality) {
    this.maxWidth = maxWidth;
    this.parameters = new IntPointer(opencv_imgcodecs.IMWRITE_JPEG_QUALITY, quality);
  }

  /**
   * Encodes a picture.
   *
   * @param stamp its time as the source has it
   * @param rotation quarter turns to the right
   * @param pixelAspect width of a pixel over its height
   */
  DecoderMessage.Picture encode(
      int stream, FrameChooser.Choice chosen, int rotation, double pixelAspect)
      throws SourceException {
    Mat shown = upright(chosen.picture(), rotation, pixelAspect);
    try (BytePointer jpeg = new BytePointer()) {
      if (!opencv_imgcodecs.imencode(".jpg", shown, jpeg, parameters)) {
        throw new SourceException("has a picture that can not be written as JPEG", false);
      }
      byte[] bytes = new byte[Math.toIntExact(jpeg.limit())];
      jpeg.get(bytes);
      return new DecoderMessage.Picture(
          stream,
          chosen.mediaTimeMicros(),
          chosen.stamp(),
          chosen.framesPerSecond(),
          chosen.unmovedBefore(),
          shown.cols(),
          shown.rows(),
          bytes);
    }
  }

  /** A picture as it is shown: 8-bit BGR, scaled and upright. It changes with the next call. */
  Mat upright(AVFrame picture, int rotation, double pixelAspect) throws SourceException {
    Mat straight = scale(picture, rotation, pixelAspect);
    return rotation == 0 ? straight : turn(straight, rotation);
  }

  private Mat scale(AVFrame picture, int rotation, double pixelAspect) throws SourceException {
    Shape now =
        new Shape(
            picture.width(),
            picture.height(),
            picture.format(),
            picture.colorspace(),
            picture.color_range());
    if (scaler == null || scaled == null || !now.equals(shape)) {
      prepare(now, rotation, pixelAspect);
    }
    Mat target = scaled;
    SwsContext context = scaler;
    if (target == null || context == null) {
      throw new IllegalStateException("no scaler");
    }
    swscale.sws_scale(
        context,
        picture.data(),
        picture.linesize(),
        0,
        picture.height(),
        targetData.put(0, target.data()),
        targetStride.put(0, (int) target.step()));
    return target;
  }

  private void prepare(Shape now, int rotation, double pixelAspect) throws SourceException {
    release();
    double width = now.width * pixelAspect;
    double height = now.height;
    double shownWidth = rotation % 2 == 0 ? width : height;
    double factor = Math.min(1, maxWidth / shownWidth);
    int toWidth = even(width * factor);
    int toHeight = even(height * factor);
    int flags =
        (factor < 1 ? swscale.SWS_AREA : swscale.SWS_BILINEAR)
            | swscale.SWS_ACCURATE_RND
            | swscale.SWS_BITEXACT;
    SwsContext made =
        swscale.sws_getContext(
            now.width,
            now.height,
            now.pixelFormat,
            toWidth,
            toHeight,
            avutil.AV_PIX_FMT_BGR24,
            flags,
            (SwsFilter) null,
            (SwsFilter) null,
            (DoublePointer) null);
    if (made == null) {
      throw new SourceException("has pictures of a kind that can not be converted", false);
    }
    scaler = made;
    int fullRange = now.range == avutil.AVCOL_RANGE_JPEG ? 1 : 0;
    int colours = now.colours == avutil.AVCOL_SPC_UNSPECIFIED ? guess(now.height) : now.colours;
    swscale.sws_setColorspaceDetails(
        made,
        swscale.sws_getCoefficients(colours),
        fullRange,
        swscale.sws_getCoefficients(swscale.SWS_CS_DEFAULT),
        1,
        0,
        1 << 16,
        1 << 16);
    scaled = new Mat(toHeight, toWidth, opencv_core.CV_8UC3);
    shape = now;
  }

  /** High definition is Rec. 709 where nobody says otherwise. */
  private static int guess(int height) {
    return height >= 720 ? avutil.AVCOL_SPC_BT709 : swscale.SWS_CS_DEFAULT;
  }

  private Mat turn(Mat straight, int rotation) {
    Mat target = upright;
    if (target == null) {
      target = new Mat();
      upright = target;
    }
    int code =
        switch (rotation) {
          case 1 -> opencv_core.ROTATE_90_CLOCKWISE;
          case 2 -> opencv_core.ROTATE_180;
          default -> opencv_core.ROTATE_90_COUNTERCLOCKWISE;
        };
    opencv_core.rotate(straight, target, code);
    return target;
  }

  private static int even(double pixels) {
    return Math.max(2, (int) Math.round(pixels / 2) * 2);
  }

  private void release() {
    if (scaler != null) {
      swscale.sws_freeContext(scaler);
      scaler = null;
    }
    if (scaled != null) {
      scaled.close();
      scaled = null;
    }
    if (upright != null) {
      upright.close();
      upright = null;
    }
  }

  @Override
  public void close() {
    release();
    targetData.close();
    targetStride.close();
    parameters.close();
  }
}
