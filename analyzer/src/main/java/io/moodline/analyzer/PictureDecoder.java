package io.moodline.analyzer;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_COLOR_RGB;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_IGNORE_ORIENTATION;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imdecode;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;

/**
 * Bytes to pixels. What the header says is judged before a decoder sees the bytes. Native memory is
 * given back before a call returns. Thread-safe.
 */
final class PictureDecoder {
  /** Most pixels of a frame: 3840 x 2160. */
  static final long FRAME_PIXELS = 8_300_000;

  /** Passes that a baseline JPEG can have: one for each component. */
  private static final int FRAME_SCANS = 3;

  static {
    OpenCv.load();
  }

  private PictureDecoder() {}

  /**
   * Decodes a frame: a baseline JPEG, grey or colour, of the size that the frame states.
   *
   * @throws UnusablePictureException naming what is wrong with it
   */
  static Picture decodeFrame(byte[] jpeg, int width, int height) throws UnusablePictureException {
    JpegHeader header = JpegHeader.read(jpeg);
    if ((long) header.width() * header.height() > FRAME_PIXELS) {
      throw new UnusablePictureException(FailReason.TOO_LARGE, "it has too many pixels");
    }
    if (header.progressive() || header.scans() > FRAME_SCANS) {
      throw new UnusablePictureException(FailReason.DECODE_ERROR, "it is not a baseline JPEG");
    }
    if (header.components() != 1 && header.components() != 3) {
      throw new UnusablePictureException(FailReason.DECODE_ERROR, "it is neither grey nor colour");
    }
    if (header.width() != width || header.height() != height) {
      throw new UnusablePictureException(
          FailReason.SIZE_MISMATCH, "it has another size than its frame says");
    }
    Picture picture = decode(jpeg, IMREAD_COLOR_RGB | IMREAD_IGNORE_ORIENTATION);
    if (picture.width() != width || picture.height() != height) {
      throw new UnusablePictureException(
          FailReason.SIZE_MISMATCH, "it was decoded to another size than its header says");
    }
    return picture;
  }

  /** Decodes a picture whose header was judged, turned upright as its EXIF orientation says. */
  static Picture decodeUpright(byte[] file) throws UnusablePictureException {
    return decode(file, IMREAD_COLOR_RGB);
  }

  private static Picture decode(byte[] bytes, int flags) throws UnusablePictureException {
    try (PointerScope scope = new PointerScope();
        BytePointer coded = new BytePointer(bytes);
        Mat input = new Mat(1, bytes.length, CV_8UC1, coded);
        Mat output = imdecode(input, flags)) {
      if (output.empty()) {
        throw new UnusablePictureException(FailReason.DECODE_ERROR, "it can not be decoded");
      }
      byte[] rgb = new byte[Math.multiplyExact(3, output.rows() * output.cols())];
      output.data().get(rgb);
      return new Picture(output.cols(), output.rows(), rgb);
    } catch (RuntimeException e) { // what OpenCV throws arrives as a bare RuntimeException
      throw new UnusablePictureException(FailReason.DECODE_ERROR, "it can not be decoded");
    }
  }
}
