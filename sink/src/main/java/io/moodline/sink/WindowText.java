package io.moodline.sink;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.core.io.NumberOutput;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.WindowBytes;
import io.moodline.schemas.WindowEntries;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;

/**
 * Windows as JSON, put together from their bytes: a window holds some fifty numbers, and an answer
 * thousands of windows. Scores and quantiles are rounded to six decimals, which is closer than any
 * of them is known; all else is spelt as Jackson does, maps are in the order of their keys.
 * Confined to one thread.
 */
final class WindowText {
  private static final int DAY_MILLIS = 86_400_000;
  private static final int MILLION = 1_000_000;
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  /** All that is neither a name nor an entry of a map: words, two times, nine numbers. */
  private static final int FIXED_LETTERS = 1000;

  /** What is around an entry's name, and its numbers: three of at most 26 letters. */
  private static final int ENTRY_LETTERS = 150;

  private static final int ESCAPED_LETTER = 6;

  /** The letters of the numbers below 1000, the first one lowest, and a byte that is not used. */
  private static final int[] THREE_DIGITS = threeDigits();

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
  private byte[] text = new byte[4096];
  private int length;
  private boolean holdsWindows;
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

  void raw(byte[] bytes) {
    room(bytes.length);
    copy(bytes, 0, bytes.length);
  }

  /**
   * Adds one window, behind a comma when it is not the first.
   *
   * @param value as Avro bytes
   * @throws UnreadableRecordException when they are no window; nothing is added then
   */
  void next(byte[] value) {
    window.read(value);
    room(longest());
    comma();
    long start = window.startMillis();
    copy(START);
    time(start);
    copy(END);
    time(start + window.stepMillis());
    copy(COVERAGE);
    exact(window.coverage());
    long skipped = window.skipped().sum();
    long failed = window.failed().sum();
    number(FRAMES, window.analysed() + skipped + failed);
    number(FACES, window.faces());
    number(LABELLED, window.labelled());
    copy(WITHHELD);
    counts(window.withheld());
    copy(QUANTILES);
    quantiles();
    copy(SCORES);
    scores();
    copy(DOMINANT);
    if (window.hasDominant()) {
      name(window.dominantFrom(), window.dominantTo());
    } else {
      copy(NULL);
    }
    number(ANALYSED, window.analysed());
    number(SKIPPED, skipped);
    number(FAILED, failed);
    number(DROPPED, window.dropped().sum());
    copy(REASONS);
    counts(window.dropped());
    copy(window.complete() ? COMPLETE : INCOMPLETE);
  }

  /** Adds what another text holds, which is windows alone. */
  void windows(WindowText others) {
    if (others.length > 0) {
      room(1 + others.length);
      comma();
      copy(others.text, 0, others.length);
    }
  }

  private void comma() {
    if (holdsWindows) {
      letter(',');
    }
    holdsWindows = true;
  }

  /** More letters than a window can take: names are at worst escaped, all else is short. */
  private int longest() {
    int entries =
        window.withheld().size()
            + window.dropped().size()
            + window.scores().size()
            + window.quantiles().size();
    return FIXED_LETTERS + ENTRY_LETTERS * entries + ESCAPED_LETTER * window.bytes().length;
  }

  private void quantiles() {
    WindowEntries quantiles = window.quantiles();
    for (int i = 0; i < quantiles.size(); i++) {
      name(quantiles, i);
      copy(P10);
      rounded(Float.intBitsToFloat(window.quantile(i, 0)));
      copy(P50);
      rounded(Float.intBitsToFloat(window.quantile(i, 1)));
      copy(P90);
      rounded(Float.intBitsToFloat(window.quantile(i, 2)));
      letter('}');
    }
  }

  private void scores() {
    WindowEntries scores = window.scores();
    for (int i = 0; i < scores.size(); i++) {
      name(scores, i);
      letter(':');
      rounded(Double.longBitsToDouble(scores.value(i)));
    }
  }

  private void counts(WindowEntries counts) {
    for (int i = 0; i < counts.size(); i++) {
      name(counts, i);
      letter(':');
      number(counts.value(i));
    }
  }

  private void name(WindowEntries entries, int entry) {
    if (entry > 0) {
      letter(',');
    }
    name(entries.from(entry), entries.to(entry));
  }

  /** A string of the window's. */
  private void name(int from, int to) {
    byte[] bytes = window.bytes();
    letter('"');
    if (isPlain(bytes, from, to)) {
      copy(bytes, from, to - from);
    } else {
      String name = new String(bytes, from, to - from, StandardCharsets.UTF_8);
      copy(JsonStringEncoder.getInstance().quoteAsUTF8(name));
    }
    letter('"');
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
    copy(date);
    int rest = (int) (millis - day * DAY_MILLIS);
    digits(rest / 3_600_000, 2);
    letter(':');
    digits(rest / 60_000 % 60, 2);
    letter(':');
    digits(rest / 1000 % 60, 2);
    letter('.');
    digits(rest % 1000, 3);
    letter('Z');
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
    copy(name);
    number(number);
  }

  private void number(long number) {
    if (number >= 0 && number < 10) {
      letter((char) ('0' + number));
    } else {
      put(Long.toString(number));
    }
  }

  private void exact(double number) {
    String spelt = NumberOutput.toString(number, true);
    put(Double.isFinite(number) ? spelt : '"' + spelt + '"');
  }

  private void rounded(double number) {
    if (number >= 0 && number < MILLION) {
      long millionths = (long) (number * MILLION + 0.5);
      number(millionths / MILLION);
      letter('.');
      decimals((int) (millionths % MILLION));
    } else {
      exact(number);
    }
  }

  /** Millionths, without the zeros at their end; one digit at least. */
  private void decimals(int millionths) {
    int front = millionths / 1000;
    int back = millionths % 1000;
    INTS.set(text, length, THREE_DIGITS[front]);
    INTS.set(text, length + 3, THREE_DIGITS[back]);
    length += back == 0 ? Math.max(1, 3 - zerosBehind(front)) : 6 - zerosBehind(back);
  }

  /** How many of the three digits of a number are zeros at its end. */
  private static int zerosBehind(int number) {
    return number % 10 != 0 ? 0 : number % 100 != 0 ? 1 : number != 0 ? 2 : 3;
  }

  private static int[] threeDigits() {
    int[] all = new int[1000];
    for (int i = 0; i < all.length; i++) {
      all[i] = '0' + i / 100 | '0' + i / 10 % 10 << 8 | '0' + i % 10 << 16;
    }
    return all;
  }

  private void put(String spelt) {
    int count = spelt.length();
    for (int i = 0; i < count; i++) {
      text[length + i] = (byte) spelt.charAt(i);
    }
    length += count;
  }

  private void letter(char letter) {
    text[length++] = (byte) letter;
  }

  private void copy(byte[] bytes) {
    copy(bytes, 0, bytes.length);
  }

  private void copy(byte[] bytes, int from, int count) {
    System.arraycopy(bytes, from, text, length, count);
    length += count;
  }

  private void room(int count) {
    if (count > text.length - length) {
      text = Arrays.copyOf(text, Math.max(2 * text.length, length + count));
    }
  }
}
