package io.moodline.ingest;

import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.UserException;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.opencv.opencv_core.Mat;

/**
 * A copy of a recording with something drawn on and under every picture. Every picture of the
 * source is in the copy, at its own time; sound is copied as it is, packet by packet.
 *
 * <p>Decodes and encodes in the calling process: for a command line, not for a server.
 */
public final class AnnotatedCopy {
  /** Most pixels that the encoder takes, with what is drawn below: 3840 x 2160. */
  private static final double MAX_PIXELS = 3840.0 * 2160;

  private static final int JPEG_QUALITY = 90; // not used: pictures are taken before they are JPEGs

  private AnnotatedCopy() {}

  /** What draws. */
  public interface Painter {
    /** Height in pixels of what comes under a picture of this width; an even number. */
    int heightBelow(int width);

    /**
     * Draws on one picture.
     *
     * @param canvas 8-bit BGR; the picture above, black below
     * @param pictureHeight height of the picture in pixels
     * @param mediaTimeMicros time since the recording's first picture, as in the events
     */
    void paint(BufferedImage canvas, int pictureHeight, long mediaTimeMicros);
  }

  /**
   * Writes a copy; an existing file is replaced when the copy is whole.
   *
   * @param target its ending chooses the container: mp4, mov or mkv
   * @return how many pictures were copied
   * @throws UserException when the recording can not be read or the copy not be written
   */
  public static long write(Path video, Path target, Painter painter) {
    Path part = target.resolveSibling("." + target.getFileName() + ".part");
    try {
      avutil.av_log_set_level(avutil.AV_LOG_ERROR);
      String format = CopyWriter.format(target);
      long pictures = copy(video, part, format, painter);
      Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
      return pictures;
    } catch (SourceException e) {
      throw new UserException("'" + video.getFileName() + "' " + e.getMessage(), e);
    } catch (IOException e) {
      throw new UserException("'" + target + "' can not be written: " + e.getMessage(), e);
    } finally {
      part.toFile().delete();
    }
  }

  private static long copy(Path video, Path part, String format, Painter painter)
      throws SourceException, IOException {
    var recording = new DecodeOrder.Recording(video, MediaFolder.container(video), 1, -1);
    DecoderMessage.Open order = new FfmpegOrder(Integer.MAX_VALUE, JPEG_QUALITY).of(0, recording);
    try (VideoSource source = VideoSource.open(order);
        SoundPackets sound = SoundPackets.open(order);
        PictureEncoder scaler = new PictureEncoder(maxWidth(source), JPEG_QUALITY);
        CopyWriter writer = CopyWriter.create(part, format)) {
      sound.describe(writer);
      long pictures = 0;
      BufferedImage canvas = null;
      int pictureHeight = 0;
      while (source.next()) {
        Mat shown = scaler.upright(source.picture(), source.rotation(), source.pixelAspect());
        if (canvas == null) {
          pictureHeight = shown.rows();
          int height = pictureHeight + painter.heightBelow(shown.cols());
          canvas = new BufferedImage(shown.cols(), height, BufferedImage.TYPE_3BYTE_BGR);
          writer.start(canvas.getWidth(), height, source.timeBase(), source.framesPerSecond());
        }
        fill(canvas, shown, pictureHeight);
        painter.paint(canvas, pictureHeight, source.mediaTimeMicros());
        sound.copyUntil(source.stamp(), source.timeBase(), writer);
        writer.add(bytes(canvas), source.stamp());
        pictures++;
      }
      sound.copyRest(writer);
      writer.finish();
      return pictures;
    }
  }

  private static int maxWidth(VideoSource source) {
    double pixels = (double) source.shownWidth() * source.shownHeight();
    double factor = Math.min(1, Math.sqrt(MAX_PIXELS / pixels));
    return (int) Math.max(64, source.shownWidth() * factor);
  }

  /** The picture above, black below. A picture of another size than the first has its part. */
  private static void fill(BufferedImage canvas, Mat shown, int pictureHeight) {
    byte[] pixels = bytes(canvas);
    java.util.Arrays.fill(pixels, (byte) 0);
    int rows = Math.min(pictureHeight, shown.rows());
    int rowBytes = 3 * Math.min(canvas.getWidth(), shown.cols());
    for (int row = 0; row < rows; row++) {
      shown.ptr(row).get(pixels, row * canvas.getWidth() * 3, rowBytes);
    }
  }

  private static byte[] bytes(BufferedImage canvas) {
    return ((DataBufferByte) canvas.getRaster().getDataBuffer()).getData();
  }
}
