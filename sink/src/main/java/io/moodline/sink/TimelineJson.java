package io.moodline.sink;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.TimelineWindow;
import io.moodline.sink.TimelineQueries.Thinned;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A timeline as JSON, sent while it is written. Thread-safe. */
final class TimelineJson {
  /** Text that is sent at a time: a socket takes it at once, and a processor's cache too. */
  private static final int BLOCK_BYTES = 64 * 1024;

  /** Windows that one thread writes at a time: fewer are not worth a second one. */
  private static final int PART_WINDOWS = 250;

  private static final int ROUND_PARTS = 4;

  private TimelineJson() {}

  /** What an answer begins with: whose windows they are. */
  static ObjectNode head(String streamId, @Nullable Long track) {
    return JsonNodeFactory.instance.objectNode().put("stream", streamId).put("track", track);
  }

  /** What writes windows behind an answer's head. */
  private interface Windows {
    void write(WindowText text) throws IOException;
  }

  /** A whole answer of windows that are in memory; those that can not be read are left out. */
  static void write(OutputStream to, ObjectNode head, Duration step, Thinned thinned, boolean stale)
      throws IOException {
    write(
        to,
        head,
        step,
        thinned.isThinned(),
        () -> stale,
        text -> {
          for (List<List<byte[]>> round : rounds(thinned.windows())) {
            List<WindowText> parts =
                round.parallelStream().map(part -> part(part, thinned.unreadable())).toList();
            for (WindowText part : parts) {
              text.windows(part);
              sendBlock(text, to);
            }
          }
        });
  }

  /** Sends what is there once it is enough. */
  private static void sendBlock(WindowText text, OutputStream to) throws IOException {
    if (text.length() >= BLOCK_BYTES) {
      text.moveTo(to);
    }
  }

  /** Parts for as many threads as take some at a time, so that an answer is never in memory. */
  private static List<List<List<byte[]>>> rounds(List<byte[]> windows) {
    return parts(parts(windows, PART_WINDOWS), ROUND_PARTS);
  }

  private static <T> List<List<T>> parts(List<T> all, int size) {
    return IntStream.iterate(0, from -> from < all.size(), from -> from + size)
        .mapToObj(from -> all.subList(from, Math.min(all.size(), from + size)))
        .toList();
  }

  private static WindowText part(List<byte[]> windows, Runnable unreadable) {
    WindowText text = new WindowText();
    for (byte[] window : windows) {
      try {
        text.next(window);
      } catch (UnreadableRecordException e) {
        unreadable.run();
      }
    }
    return text;
  }

  /** The same of windows that are read while they are written, and not thinned. */
  static void stream(
      OutputStream to, ObjectNode head, BooleanSupplier stale, TimelineWindows windows)
      throws IOException {
    write(
        to,
        head,
        windows.step(),
        false,
        stale,
        text ->
            windows.forEach(
                window -> {
                  text.next(Serdes.TIMELINE_WINDOW.encodeInside(window));
                  sendBlock(text, to);
                }));
  }

  private static void write(
      OutputStream to,
      ObjectNode head,
      Duration step,
      boolean thinned,
      BooleanSupplier stale,
      Windows windows)
      throws IOException {
    WindowText text = new WindowText();
    String whose = head.toString();
    String front = whose.substring(0, whose.length() - 1); // without the brace
    text.raw(utf8(front + ",\"step\":\"" + Times.showStep(step) + "\",\"windows\":["));
    windows.write(text);
    // Staleness comes last, since any page may have been stale.
    text.raw(utf8("],\"thinned\":" + thinned + ",\"stale\":" + stale.getAsBoolean() + "}"));
    text.moveTo(to);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** One window alone, without a line's end. */
  static byte[] line(TimelineWindow window) throws IOException {
    WindowText text = new WindowText();
    text.next(Serdes.TIMELINE_WINDOW.encodeInside(window));
    ByteArrayOutputStream out = new ByteArrayOutputStream(text.length());
    text.moveTo(out);
    return out.toByteArray();
  }
}
