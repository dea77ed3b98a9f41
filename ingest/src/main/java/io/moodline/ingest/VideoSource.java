package io.moodline.ingest;

import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVInputFormat;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/**
 * One source opened with FFmpeg: its pictures, one after the other, with their times. Owns all
 * native memory of it. Runs in a decoder child only. Confined to the source's thread.
 */
final class VideoSource implements PictureSource {
  /** Largest picture that is decoded: 4096 x 2304. A larger one is a mistake or an attack. */
  static final long MAX_PIXELS = 4096L * 2304;

  private static final int MAX_STREAMS = 32;
  private static final long SILENT_NANOS = 4_500_000_000L;

  /** How much of its stated length a recording may lack before it counts as broken off. */
  private static final double MISSING_PART = 0.05;

  private static final long MISSING_MICROS = 1_000_000;

  private final boolean live;
  private final boolean keysOnly;
  private BooleanSupplier goesOn = () -> true;
  private @Nullable AVFormatContext format;
  private final HardwareWish hardware;
  private @Nullable PictureCodecs codecs;
  private @Nullable AVPacket packet;
  private int streamIndex;
  private @Nullable VideoFacts facts;
  private @Nullable MediaClock clock;
  private boolean draining;
  private boolean givingOut;
  private int readError;

  private VideoSource(boolean live, boolean keysOnly, HardwareWish hardware) {
    this.hardware = hardware;
    this.live = live;
    this.keysOnly = keysOnly;
  }

  /**
   * Opens a source.
   *
   * @throws SourceException when it can not be opened, or holds no video that can be decoded
   */
  static VideoSource open(DecoderMessage.Open order) throws SourceException {
    VideoSource source =
        new VideoSource(
            order.live(), order.wanted().mode() == WantedFrames.Mode.KEYFRAMES, order.hardware());
    try {
      source.openInput(order);
      source.openCodec(source.findVideo());
      return source;
    } catch (SourceException | RuntimeException | Error e) {
      source.close();
      throw e;
    }
  }

  private void openInput(DecoderMessage.Open order) throws SourceException {
    AVInputFormat demuxer = avformat.av_find_input_format(order.demuxer());
    if (demuxer == null) {
      throw new SourceException(
          "needs the demuxer "
              + order.demuxer()
              + ", which is missing; a webcam's needs libxcb, libxcb-shm, libasound and libpulse",
          false);
    }
    AVFormatContext opened = avformat.avformat_alloc_context();
    opened.max_streams(MAX_STREAMS);
    AVDictionary options = new AVDictionary(null);
    long started = System.nanoTime();
    try {
      order.options().forEach((key, value) -> avutil.av_dict_set(options, key, value, 0));
      // A failed call frees the context itself.
      int code = avformat.avformat_open_input(opened, order.url(), demuxer, options);
      if (live && code < 0 && System.nanoTime() - started >= SILENT_NANOS) {
        throw new SourceException("does not answer", true); // FFmpeg calls it invalid data
      }
      if (code < 0) {
        throw SourceException.opening(code, live);
      }
    } finally {
      avutil.av_dict_free(options);
    }
    format = opened;
    int code = avformat.avformat_find_stream_info(opened, (PointerPointer<?>) null);
    if (code < 0) {
      throw SourceException.opening(code, live);
    }
  }

  /** The first stream of pictures that move: a cover in a music file is none. */
  private AVStream findVideo() throws SourceException {
    AVFormatContext opened = require(format);
    AVStream found = null;
    for (int i = 0; i < opened.nb_streams(); i++) {
      AVStream stream = opened.streams(i);
      boolean video = stream.codecpar().codec_type() == avutil.AVMEDIA_TYPE_VIDEO;
      boolean cover = (stream.disposition() & avformat.AV_DISPOSITION_ATTACHED_PIC) != 0;
      if (found == null && video && !cover) {
        found = stream;
      } else {
        stream.discard(avcodec.AVDISCARD_ALL);
      }
    }
    if (found == null) {
      throw new SourceException("has no video", false);
    }
    return found;
  }

  private void openCodec(AVStream stream) throws SourceException {
    AVCodecParameters parameters = stream.codecpar();
    VideoFacts found = VideoFacts.of(require(format), stream, live);
    AVCodec decoder = avcodec.avcodec_find_decoder(parameters.codec_id());
    if (decoder == null) {
      throw new SourceException(
          "uses the codec " + found.codecName() + ", which Moodline can not decode", false);
    }
    if (found.width() <= 0 || found.height() <= 0) {
      throw new SourceException("has no video that can be decoded: its size is unknown", live);
    }
    if ((long) found.width() * found.height() > MAX_PIXELS) {
      throw SourceException.tooLarge(found.width(), found.height());
    }
    facts = found;
    clock = new MediaClock(stream.time_base(), found.framesPerSecond(), live, keysOnly);
    packet = avcodec.av_packet_alloc();
    streamIndex = stream.index();
    codecs =
        PictureCodecs.open(
            new PictureCodec.Setup(
                decoder, found.codecName(), parameters, stream.time_base(), live, keysOnly),
            hardware,
            clock.stepMicros() * 1000);
  }

  @Override
  public void whileLooking(BooleanSupplier asked) {
    goesOn = asked;
  }

  @Override
  public boolean next() throws SourceException {
    PictureCodecs decoders = require(codecs);
    while (true) {
      int code = decoders.receive();
      if (code >= 0) {
        AVFrame picture = decoders.picture();
        if (isWanted(picture) && require(clock).take(picture.best_effort_timestamp())) {
          return true;
        }
      } else if (givingOut && code == avutil.AVERROR_EOF()) {
        decoders.flush();
        givingOut = false;
      } else if (code == avutil.AVERROR_EOF() || draining && code != avutil.AVERROR_EAGAIN()) {
        checkComplete();
        return false;
      } else if (!feed(decoders)) {
        return false;
      }
    }
  }

  /** A codec that can not leave pictures out gives all of them. */
  private boolean isWanted(AVFrame picture) {
    return !keysOnly || (picture.flags() & AVFrame.AV_FRAME_FLAG_KEY) != 0;
  }

  /** Gives the decoder one packet; false where a live source is at its end, or none is wanted. */
  private boolean feed(PictureCodecs decoders) {
    AVPacket data = require(packet);
    int code = avformat.av_read_frame(require(format), data);
    if (!goesOn.getAsBoolean()) {
      avcodec.av_packet_unref(data);
      return false;
    }
    if (code < 0) {
      if (live) {
        return false;
      }
      readError = code == avutil.AVERROR_EOF() ? 0 : code;
      draining = true;
      decoders.send(null);
      return true;
    }
    if (data.stream_index() == streamIndex) {
      require(clock).read(data.pts(), data.duration());
      decoders.send(data);
      if (live && keysOnly && (data.flags() & avcodec.AV_PKT_FLAG_KEY) != 0) {
        // It would keep the picture until it has seen those behind it, and they are left out.
        decoders.send(null);
        givingOut = true;
      }
    }
    avcodec.av_packet_unref(data);
    return true;
  }

  private void checkComplete() throws SourceException {
    MediaClock times = require(clock);
    double seconds = Math.max(0, times.mediaMicros()) / 1e6;
    if (times.mediaMicros() < 0) {
      String what = keysOnly ? "key frame" : "picture";
      throw new SourceException(
          (live ? "sent no " : "has no ") + what + " that can be decoded", live);
    }
    if (readError != 0) {
      throw new SourceException(
          String.format(
              java.util.Locale.ROOT, "breaks off after %.1f s (%s)", seconds, text(readError)),
          false);
    }
    long durationMicros = durationMicros();
    long missing = durationMicros - times.reachedMicros();
    if (durationMicros > 0 && missing > Math.max(MISSING_MICROS, durationMicros * MISSING_PART)) {
      throw new SourceException(
          String.format(
              java.util.Locale.ROOT,
              "breaks off after %.1f s of %.1f s",
              seconds,
              durationMicros / 1e6),
          false);
    }
  }

  private static String text(int code) {
    return SourceException.text(code);
  }

  @Override
  public AVFrame picture() {
    return require(codecs).picture();
  }

  @Override
  public Optional<DecodedBy> decoderNews() {
    return require(codecs).news();
  }

  @Override
  public long mediaTimeMicros() {
    return require(clock).mediaMicros();
  }

  /** Its presentation time as the container has it, in units of {@link #timeBase}. */
  @Override
  public long stamp() {
    return require(clock).stamp(picture().best_effort_timestamp());
  }

  /** Seconds in one unit of the container's presentation times. */
  AVRational timeBase() {
    return require(clock).timeBase();
  }

  @Override
  public String codecName() {
    return require(facts).codecName();
  }

  @Override
  public double framesPerSecond() {
    return require(facts).framesPerSecond();
  }

  @Override
  public int rotation() {
    return require(facts).rotation();
  }

  @Override
  public double pixelAspect() {
    return require(facts).pixelAspect();
  }

  @Override
  public int shownWidth() {
    return require(facts).shownWidth();
  }

  @Override
  public int shownHeight() {
    return require(facts).shownHeight();
  }

  @Override
  public long durationMicros() {
    return require(facts).durationMicros();
  }

  private static <T> T require(@Nullable T resource) {
    if (resource == null) {
      throw new IllegalStateException("the source is closed");
    }
    return resource;
  }

  @Override
  public void close() {
    if (packet != null) {
      avcodec.av_packet_free(packet);
      packet = null;
    }
    if (codecs != null) {
      codecs.close();
      codecs = null;
    }
    if (format != null) {
      avformat.avformat_close_input(format);
      format = null;
    }
  }
}
