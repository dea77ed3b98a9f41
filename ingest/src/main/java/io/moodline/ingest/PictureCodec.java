package io.moodline.ingest;

import java.util.function.LongSupplier;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVBufferRef;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/**
 * One decoder of one source's packets, in software or in hardware. Pictures of hardware are brought
 * to memory. Owns native memory. Confined to the source's thread.
 */
final class PictureCodec implements AutoCloseable {
  /** So many errors without a picture between them, and hardware is not believed any more. */
  private static final int MOST_ERRORS = 10;

  /** Pictures before the measuring begins: the first ones take what the device takes to begin. */
  static final int UNMEASURED_PICTURES = 5;

  private static final int NONE = -1;

  private final AVCodecContext context;
  private final AVFrame decoded = avutil.av_frame_alloc();
  private final AVFrame copied = avutil.av_frame_alloc();
  private final boolean believed;
  private final int hardwareFormat;
  private LongSupplier processorNanos = () -> 0;
  private long processorTime;
  private long wallTime;
  private int pictures;
  private int errors;
  private String problem = "";

  /**
   * What all decoders of a source have in common.
   *
   * @param decoder what FFmpeg has for the codec
   * @param parameters of the container, which outlives the decoders
   * @param timeBase seconds in one unit of the packets' times
   */
  record Setup(
      AVCodec decoder,
      String codecName,
      AVCodecParameters parameters,
      AVRational timeBase,
      boolean live,
      boolean keysOnly) {}

  private PictureCodec(AVCodecContext context, boolean believed, int hardwareFormat) {
    this.context = context;
    this.believed = believed;
    this.hardwareFormat = hardwareFormat;
  }

  /** In software; null where it can not be opened. */
  static @Nullable PictureCodec software(Setup setup) {
    return open(setup, null, true);
  }

  /** In hardware that knows the codec; null where it can not be opened. */
  static @Nullable PictureCodec hardware(Setup setup, HardwareDevices.Device device) {
    return open(setup, device, false);
  }

  /** Opens one; one that is not believed says what is wrong with it after some errors. */
  static @Nullable PictureCodec open(
      Setup setup, HardwareDevices.@Nullable Device device, boolean believed) {
    AVCodecContext context = avcodec.avcodec_alloc_context3(setup.decoder);
    avcodec.avcodec_parameters_to_context(context, setup.parameters);
    context.pkt_timebase(setup.timeBase);
    context.max_pixels(VideoSource.MAX_PIXELS);
    // A live source's frames must not wait for those behind them in other threads.
    context.thread_count(setup.live ? 1 : 2);
    if (setup.keysOnly) {
      context.skip_frame(avcodec.AVDISCARD_NONKEY); // the codec's, since containers mark them badly
    }
    int format = NONE;
    AVBufferRef opened = device == null ? null : device.context();
    if (device != null && opened != null) {
      format = device.pixelFormat(setup.decoder);
      context.hw_device_ctx(avutil.av_buffer_ref(opened));
    }
    if (avcodec.avcodec_open2(context, setup.decoder, (PointerPointer<?>) null) < 0) {
      avcodec.avcodec_free_context(context);
      return null;
    }
    return new PictureCodec(context, believed, format);
  }

  /** Measures from now on, by a clock of this thread's time on the processor. */
  void measure(LongSupplier threadNanos) {
    processorNanos = threadNanos;
  }

  /** Takes a packet, or the end of all packets. A damaged one costs its own picture. */
  void send(@Nullable AVPacket data) {
    long processor = processorNanos.getAsLong();
    long wall = System.nanoTime();
    if (hardwareFormat != NONE && pictures == 0) {
      FfmpegWords.Answer answer = FfmpegWords.of(() -> avcodec.avcodec_send_packet(context, data));
      count(answer.code(), answer.why());
    } else {
      int code = avcodec.avcodec_send_packet(context, data);
      count(code, "");
    }
    took(processor, wall);
  }

  /**
   * Goes to the next picture.
   *
   * @return negative where there is none, as FFmpeg says it
   */
  int receive() {
    long processor = processorNanos.getAsLong();
    long wall = System.nanoTime();
    int code = avcodec.avcodec_receive_frame(context, decoded);
    if (code >= 0 && decoded.format() == hardwareFormat) {
      avutil.av_frame_unref(copied);
      code = avutil.av_hwframe_transfer_data(copied, decoded, 0);
      if (code < 0) {
        problem = "pictures can not be brought to memory: " + SourceException.text(code);
      } else {
        avutil.av_frame_copy_props(copied, decoded);
      }
    } else if (code >= 0 && hardwareFormat != NONE) {
      problem = "it does not take pictures of this kind";
    }
    count(code, "");
    took(processor, wall);
    if (code >= 0) {
      pictures++;
      errors = 0;
    }
    return code;
  }

  private void count(int code, String why) {
    if (code < 0 && code != avutil.AVERROR_EAGAIN() && code != avutil.AVERROR_EOF()) {
      errors++;
      if (!believed && errors >= MOST_ERRORS && problem.isEmpty()) {
        problem = "it fails: " + (why.isEmpty() ? SourceException.text(code) : why);
      }
    }
  }

  private void took(long processor, long wall) {
    if (pictures >= UNMEASURED_PICTURES) {
      processorTime += processorNanos.getAsLong() - processor;
      wallTime += System.nanoTime() - wall;
    }
  }

  /** The picture that {@link #receive} went to, in memory; it changes with the next call. */
  AVFrame picture() {
    return hardwareFormat != NONE && decoded.format() == hardwareFormat ? copied : decoded;
  }

  /** Why it does not go on; empty where it does. */
  String problem() {
    return problem;
  }

  int pictures() {
    return pictures;
  }

  /** What the measured pictures took. */
  CodecCost cost() {
    return new CodecCost(pictures - UNMEASURED_PICTURES, processorTime, wallTime);
  }

  /** Forgets what it was given: what comes next stands by itself. */
  void flush() {
    avcodec.avcodec_flush_buffers(context);
  }

  @Override
  public void close() {
    avutil.av_frame_free(copied);
    avutil.av_frame_free(decoded);
    avcodec.avcodec_free_context(context);
  }
}
