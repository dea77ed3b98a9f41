package io.moodline.ingest;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVInputFormat;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/**
 * The sound of a recording as it lies in the file: compressed packets, read a second time beside
 * the pictures. Owns its native memory. Confined to one thread.
 */
final class SoundPackets implements AutoCloseable {
  private @Nullable AVFormatContext format;
  private @Nullable AVPacket packet;
  private final Map<Integer, AVStream> targets = new HashMap<>();
  private boolean waiting; // a packet was read and not yet written

  private SoundPackets() {}

  static SoundPackets open(DecoderMessage.Open order) throws SourceException {
    SoundPackets sound = new SoundPackets();
    try {
      sound.openInput(order);
      return sound;
    } catch (SourceException | RuntimeException e) {
      sound.close();
      throw e;
    }
  }

  private void openInput(DecoderMessage.Open order) throws SourceException {
    AVInputFormat demuxer = avformat.av_find_input_format(order.demuxer());
    AVFormatContext opened = avformat.avformat_alloc_context();
    AVDictionary options = new AVDictionary(null);
    try {
      order.options().forEach((key, value) -> avutil.av_dict_set(options, key, value, 0));
      int code = avformat.avformat_open_input(opened, order.url(), demuxer, options);
      if (code < 0) {
        throw SourceException.opening(code, false);
      }
    } finally {
      avutil.av_dict_free(options);
    }
    format = opened;
    int code = avformat.avformat_find_stream_info(opened, (PointerPointer<?>) null);
    if (code < 0) {
      throw SourceException.opening(code, false);
    }
    packet = avcodec.av_packet_alloc();
  }

  /** Adds a stream to the copy for each that sounds. */
  void describe(CopyWriter writer) throws SourceException {
    AVFormatContext opened = require(format);
    for (int i = 0; i < opened.nb_streams(); i++) {
      AVStream stream = opened.streams(i);
      if (stream.codecpar().codec_type() == avutil.AVMEDIA_TYPE_AUDIO
          && stream.codecpar().sample_rate() > 0) {
        targets.put(i, writer.addSound(stream));
      } else {
        stream.discard(avcodec.AVDISCARD_ALL);
      }
    }
  }

  /** Writes what sounds before a picture's time. */
  void copyUntil(long stamp, AVRational timeBase, CopyWriter writer) throws IOException {
    while (advance()) {
      AVPacket next = require(packet);
      AVStream from = require(format).streams(next.stream_index());
      if (next.dts() != avutil.AV_NOPTS_VALUE
          && avutil.av_compare_ts(next.dts(), from.time_base(), stamp, timeBase) > 0) {
        return;
      }
      write(next, from, writer);
    }
  }

  void copyRest(CopyWriter writer) throws IOException {
    while (advance()) {
      AVPacket next = require(packet);
      write(next, require(format).streams(next.stream_index()), writer);
    }
  }

  private boolean advance() {
    while (!waiting && !targets.isEmpty()) {
      if (avformat.av_read_frame(require(format), require(packet)) < 0) {
        return false;
      }
      waiting = targets.containsKey(require(packet).stream_index());
      if (!waiting) {
        avcodec.av_packet_unref(require(packet));
      }
    }
    return waiting;
  }

  private void write(AVPacket next, AVStream from, CopyWriter writer) throws IOException {
    AVStream to = require(targets.get(next.stream_index()));
    writer.addSound(next, from.time_base(), to);
    waiting = false;
  }

  private static <T> T require(@Nullable T resource) {
    if (resource == null) {
      throw new IllegalStateException("the sound is closed");
    }
    return resource;
  }

  @Override
  public void close() {
    if (packet != null) {
      avcodec.av_packet_free(packet);
      packet = null;
    }
    if (format != null) {
      avformat.avformat_close_input(format);
      format = null;
    }
  }
}
