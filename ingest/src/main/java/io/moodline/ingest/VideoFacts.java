package io.moodline.ingest;

import java.util.OptionalInt;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVFrameSideData;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.IntPointer;

/**
 * What a container says of its pictures.
 *
 * @param width of the pictures as they are coded, in pixels; 0 where it is not known
 * @param height likewise
 * @param framesPerSecond 0 where it is not known or beyond belief
 * @param rotation quarter turns to the right that show the picture upright: 0 to 3
 * @param pixelAspect width of a pixel over its height
 * @param durationMicros -1 where it is not known, and of live sources
 */
record VideoFacts(
    String codecName,
    int width,
    int height,
    double framesPerSecond,
    int rotation,
    double pixelAspect,
    long durationMicros) {
  private static final double HIGHEST_RATE = 240;
  private static final int NOT_KNOWN = -1;
  private static final int MATRIX_BYTES = 9 * Integer.BYTES;

  static VideoFacts of(AVFormatContext format, AVStream stream, boolean live) {
    AVCodecParameters parameters = stream.codecpar();
    return new VideoFacts(
        avcodec.avcodec_get_name(parameters.codec_id()).getString(),
        parameters.width(),
        parameters.height(),
        rate(format, stream, live),
        rotation(parameters),
        aspect(stream.sample_aspect_ratio()),
        live ? NOT_KNOWN : duration(format, stream));
  }

  private static double rate(AVFormatContext format, AVStream stream, boolean live) {
    AVRational stated = stream.avg_frame_rate();
    if (live || stated.num() <= 0 || stated.den() <= 0) {
      stated = avformat.av_guess_frame_rate(format, stream, null);
    }
    double found = stated.num() > 0 && stated.den() > 0 ? avutil.av_q2d(stated) : 0;
    return found <= HIGHEST_RATE ? found : 0;
  }

  private static double aspect(AVRational ratio) {
    double aspect = ratio.num() > 0 && ratio.den() > 0 ? avutil.av_q2d(ratio) : 1;
    return aspect >= 0.25 && aspect <= 4 ? aspect : 1;
  }

  private static int rotation(AVCodecParameters parameters) {
    for (int i = 0; i < parameters.nb_coded_side_data(); i++) {
      AVPacketSideData data = new AVPacketSideData(parameters.coded_side_data()).position(i);
      if (data.type() == avcodec.AV_PKT_DATA_DISPLAYMATRIX && data.size() >= MATRIX_BYTES) {
        return rotation(new IntPointer(data.data()));
      }
    }
    return 0;
  }

  /** Quarter turns to the right that a picture itself asks for; empty where it asks for none. */
  static OptionalInt rotation(AVFrame picture) {
    AVFrameSideData data =
        avutil.av_frame_get_side_data(picture, avutil.AV_FRAME_DATA_DISPLAYMATRIX);
    return data == null || data.size() < MATRIX_BYTES
        ? OptionalInt.empty()
        : OptionalInt.of(rotation(new IntPointer(data.data())));
  }

  /** That of a matrix; a picture that it mirrors is turned alone. */
  private static int rotation(IntPointer matrix) {
    int[] turned = new int[9];
    matrix.get(turned);
    if ((long) turned[0] * turned[4] - (long) turned[1] * turned[3] < 0) {
      turned[0] = -turned[0];
      turned[3] = -turned[3];
    }
    double degrees = avutil.av_display_rotation_get(turned);
    return Double.isNaN(degrees) ? 0 : Math.floorMod(Math.round(-degrees / 90), 4);
  }

  private static long duration(AVFormatContext format, AVStream stream) {
    if (stream.duration() > 0) {
      return MediaClock.micros(stream.duration(), stream.time_base());
    }
    return format.duration() > 0 ? format.duration() : NOT_KNOWN;
  }

  /** Width as it is shown, upright and with square pixels. */
  int shownWidth() {
    return rotation % 2 == 0 ? straightWidth() : height;
  }

  /** Height as it is shown, upright and with square pixels. */
  int shownHeight() {
    return rotation % 2 == 0 ? height : straightWidth();
  }

  private int straightWidth() {
    return (int) Math.round(width * pixelAspect);
  }
}
