package io.moodline.ingest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecHWConfig;
import org.bytedeco.ffmpeg.avutil.AVBufferRef;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.BytePointer;
import org.jspecify.annotations.Nullable;

/**
 * The hardware that FFmpeg can decode with. Each kind is opened once in a process, when it is first
 * asked for, and stays open until the process ends. In decoder children only: a driver can hang or
 * crash. Thread-safe.
 */
final class HardwareDevices {
  private static final Map<String, Device> OPENED = new HashMap<>();

  private HardwareDevices() {}

  /**
   * One kind of hardware.
   *
   * @param name as FFmpeg has it
   * @param context null where it can not be opened
   * @param problem why not, in FFmpeg's words; empty where it can
   */
  record Device(String name, int type, @Nullable AVBufferRef context, String problem) {
    /** Why it does not decode with a codec; empty where it may. */
    String problem(AVCodec codec, String codecName) {
      return !problem.isEmpty() || pixelFormat(codec) >= 0
          ? problem
          : "FFmpeg has no decoder of " + codecName + " for it";
    }

    /** The format of the pictures that stay in its memory; -1 where it does not know the codec. */
    int pixelFormat(AVCodec codec) {
      AVCodecHWConfig config = avcodec.avcodec_get_hw_config(codec, 0);
      for (int i = 1; config != null; i++) {
        if ((config.methods() & avcodec.AV_CODEC_HW_CONFIG_METHOD_HW_DEVICE_CTX) != 0
            && config.device_type() == type) {
          return config.pix_fmt();
        }
        config = avcodec.avcodec_get_hw_config(codec, i);
      }
      return -1;
    }
  }

  /** The kinds that FFmpeg was built with, in its order. */
  static List<String> names() {
    List<String> names = new ArrayList<>();
    int type = avutil.av_hwdevice_iterate_types(avutil.AV_HWDEVICE_TYPE_NONE);
    while (type != avutil.AV_HWDEVICE_TYPE_NONE) {
      names.add(avutil.av_hwdevice_get_type_name(type).getString());
      type = avutil.av_hwdevice_iterate_types(type);
    }
    return names;
  }

  /** Opens one, or gives what the first try gave. */
  static Device open(String name) {
    synchronized (OPENED) {
      return OPENED.computeIfAbsent(name, HardwareDevices::create);
    }
  }

  private static Device create(String name) {
    int type = avutil.av_hwdevice_find_type_by_name(name);
    if (type == avutil.AV_HWDEVICE_TYPE_NONE || !names().contains(name)) {
      return new Device(
          name, type, null, "FFmpeg was built with " + String.join(", ", names()) + " only");
    }
    AVBufferRef context = new AVBufferRef(null);
    FfmpegWords.Answer answer =
        FfmpegWords.of(
            () ->
                avutil.av_hwdevice_ctx_create(
                    context, type, (BytePointer) null, (AVDictionary) null, 0));
    return answer.code() < 0
        ? new Device(name, type, null, answer.why())
        : new Device(name, type, context, "");
  }
}
