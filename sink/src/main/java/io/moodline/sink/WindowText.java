package io.moodline.sink;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.core.io.NumberOutput;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.WindowBytes;
import io.moodline.schemas.WindowEntries;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;

/**
 * Windows as JSON, put together from their bytes: a window holds some fifty numbers, and an answer
 * thousands of windows. Numbers and names are spelt as Jackson does, maps are in the order of their
 * keys. Confined to one thread.
 */
final class WindowText {
  private static final int DAY_MILLIS = 86_400_000;
  private static final byte[] START = ascii("{\"start\":\"");
  private static final byte[] END = ascii("\",\"end\":\"");
  private static final byte[] COVERAGE = ascii("\",\"coverage\":");
  private static final byte[] FRAMES = ascii(",\"frames\":");
  private static final byte[] FACES = ascii(",\"faces\":");
  private static final byte[] LABELLED = ascii(",\"labelled\":");
  private static final byte[] WITHHELD = ascii(",\"withheld\":{");
  private static final byte[] QUANTILES = ascii("},\"quantiles\":{");
  private static final byte[] P10 = ascii(":{\"p10\":");
  private static final byte[] P50 = ascii(",\"p50\":");
  private static final byte[] P90 = ascii(",\"p90\":");
  private static final byte[] SCORES = ascii("},\"scores\":{");
  private static final byte[] DOMINANT = ascii("},\"dominant\":");
  private static final byte[] NULL = ascii("null");
  private static final byte[] ANALYSED = ascii(",\"analysed\":");
  private static final byte[] SKIPPED = ascii(",\"skipped\":");
  private static final byte[] FAILED = ascii(",\"failed\":");
  private static final byte[] DROPPED = ascii(",\"dropped\":");
  private static final byte[] REASONS = ascii(",\"droppedByReason\":{");
  private static final byte[] COMPLETE = ascii("},\"complete\":true}");
  private static final byte[] INCOMPLETE = ascii("},\"complete\":false}");

  private final WindowBytes window = new WindowBytes();
  private final FloatTexts floats = new FloatTexts();
  private byte[] text = new byte[4096];
  private int length;
  private long day = Long.MIN_VALUE;
  private byte[] date = {};

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  int length() {
    return length;
  }

  /** Gives what was written so far to {@code out}, and forgets it. */
  void moveTo(OutputStream out) throws IOException {
    out.write(text, 0, length);
    length = 0;
  }

  /** Forgets what came behind so many bytes. */
  void cut(int bytes) {
    length = bytes;
  }

  void ascii(char letter) {
    room(1);
    text[length++] = (byte) letter;
  }

  void raw(byte[] bytes) {
    copy(bytes, 0, bytes.length);
  }

  /**
   * Adds one window.
   *
   * @param value as Avro bytes
   * @throws UnreadableRecordException when they are no window; nothing is added then
   */
  void window(byte[] value) {
    window.read(value);
    long start = window.startMillis();
    raw(START);
    time(start);
    raw(END);
    time(start + window.stepMillis());
    raw(COVERAGE);
    number(window.coverage());
    long skipped = window.skipped().sum();
    long failed = window.failed().sum();
    number(FRAMES, window.analysed() + skipped + failed);
    number(FACES, window.faces());
    number(LABELLED, window.labelled());
    raw(WITHHELD);
    counts(window.withheld());
    raw(QUANTILES);
    quantiles();
    raw(SCORES);
    scores();
    raw(DOMINANT);
    if (window.hasDominant()) {
      name(window.dominantFrom(), window.dominantTo());
    } else {
      raw(NULL);
    }
    number(ANALYSED, window.analysed());
    number(SKIPPED, skipped);
    number(FAILED, failed);
    number(DROPPED, window.dropped().sum());
    raw(REASONS);
    counts(window.dropped());
    raw(window.complete() ? COMPLETE : INCOMPLETE);
  }

  private void quantiles() {
    WindowEntries quantiles = window.quantiles();
    for (int i = 0; i < quantiles.size(); i++) {
      name(quantiles, i);
      raw(P10);
      raw(floats.of(window.quantile(i, 0)));
      raw(P50);
      raw(floats.of(window.quantile(i, 1)));
      raw(P90);
      raw(floats.of(window.quantile(i, 2)));
      ascii('}');
    }
  }

  private void scores() {
    WindowEntries scores = window.scores();
    for (int i = 0; i < scores.size(); i++) {
      name(scores, i);
      ascii(':');
      number(Double.longBitsToDouble(scores.value(i)));
    }
  }

  private void counts(WindowEntries counts) {
    for (int i = 0; i < counts.size(); i++) {
      name(counts, i);
      ascii(':');
      number(counts.value(i));
    }
  }

  private void name(WindowEntries entries, int entry) {
    if (entry > 0) {
      ascii(',');
    }
    name(entries.from(entry), entries.to(entry));
  }

  /** A string of the window's. */
  private void name(int from, int to) {
    byte[] bytes = window.bytes();
    ascii('"');
    if (isPlain(bytes, from, to)) {
      copy(bytes, from, to - from);
    } else {
      String name = new String(bytes, from, to - from, StandardCharsets.UTF_8);
      raw(JsonStringEncoder.getInstance().quoteAsUTF8(name));
    }
    ascii('"');
  }

  private static boolean isPlain(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (bytes[i] < ' '
          || bytes[i] == '"'
          || bytes[i] == '\\') { // below are those above ASCII too
        return false;
      }
    }
    return true;
  }

  /** As {@link Times#show}; the date, which takes long, is made once a day. */
  private void time(long millis) {
    if (Math.floorDiv(millis, (long) DAY_MILLIS) != day) {
      day = Math.floorDiv(millis, (long) DAY_MILLIS);
      String midnight = Times.show(Instant.ofEpochMilli(day * DAY_MILLIS));
      date = ascii(midnight.substring(0, midnight.length() - "00:00:00.000Z".length()));
    }
    raw(date);
    int rest = (int) (millis - day * DAY_MILLIS);
    room("00:00:00.000Z".length());
    digits(rest / 3_600_000, 2);
    text[length++] = ':';
    digits(rest / 60_000 % 60, 2);
    text[length++] = ':';
    digits(rest / 1000 % 60, 2);
    text[length++] = '.';
    digits(rest % 1000, 3);
    text[length++] = 'Z';
  }

  private void digits(int number, int count) {
    int left = number;
    for (int i = length + count - 1; i >= length; i--) {
      text[i] = (byte) ('0' + left % 10);
      left /= 10;
    }
    length += count;
  }

  private void number(byte[] name, long number) {
    raw(name);
    number(number);
  }

  private void number(long number) {
    if (number >= 0 && number < 10) {
      ascii((char) ('0' + number));
    } else {
      put(Long.toString(number));
    }
  }

  private void number(double number) {
    String spelt = NumberOutput.toString(number, true);
    put(Double.isFinite(number) ? spelt : '"' + spelt + '"');
  }

  private void put(String spelt) {
    int count = spelt.length();
    room(count);
    for (int i = 0; i < count; i++) {
      text[length + i] = (byte) spelt.charAt(i);
    }
    length += count;
  }

  private void copy(byte[] bytes, int from, int count) {
    room(count);
    System.arraycopy(bytes, from, text, length, count);
    length += count;
  }

  private void room(int count) {
    if (count > text.length - length) {
      text = Arrays.copyOf(text, Math.max(2 * text.length, length + count));
    }
  }
}
