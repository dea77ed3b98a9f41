package io.moodline.ingest;

import java.util.Locale;
import java.util.function.IntSupplier;
import org.bytedeco.ffmpeg.avutil.LogCallback;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.BytePointer;
import org.jspecify.annotations.Nullable;

/**
 * Hears what FFmpeg says of a call that fails: its codes alone tell little. Only for calls that
 * know no addresses, since FFmpeg's words hold them with their passwords. Thread-safe.
 */
final class FfmpegWords extends LogCallback {
  private static final FfmpegWords EARS = new FfmpegWords();

  private @Nullable Thread listening;
  private @Nullable String words;
  private int loudness;

  private FfmpegWords() {}

  /**
   * What a call gave.
   *
   * @param code negative where it failed
   * @param why what FFmpeg said first of the worst that happened, else what the code means
   */
  record Answer(int code, String why) {}

  /** Calls FFmpeg on this thread. */
  static Answer of(IntSupplier call) {
    synchronized (EARS) {
      int before = avutil.av_log_get_level();
      EARS.begin();
      avutil.av_log_set_level(Math.max(before, avutil.AV_LOG_VERBOSE));
      avutil.setLogCallback(EARS);
      try {
        int code = call.getAsInt();
        return new Answer(code, EARS.end(code));
      } finally {
        avutil.av_log_set_level(before);
        org.bytedeco.ffmpeg.presets.avutil.av_log_set_callback(
            org.bytedeco.ffmpeg.presets.avutil.av_log_default_callback());
        EARS.listening = null;
      }
    }
  }

  private void begin() {
    listening = Thread.currentThread();
    words = null;
    loudness = Integer.MAX_VALUE;
  }

  private String end(int code) {
    String heard = words;
    return heard != null ? heard : SourceException.text(code).toLowerCase(Locale.ROOT);
  }

  @Override
  public void call(int level, BytePointer line) {
    if (Thread.currentThread() != listening || level >= loudness) {
      return;
    }
    String said = line.getString().strip().replaceFirst("^\\[[^\\]]*\\]\\s*", "");
    if (!said.isEmpty()) {
      words = said;
      loudness = level;
    }
  }
}
