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
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A timeline as JSON, sent while it is written. Thread-safe. */
final class TimelineJson {
  /** Text that is sent at a time: a socket takes it at once, and a processor's cache too. */
  private static final int BLOCK_BYTES = 64 * 1024;

  private TimelineJson() {}

  /** What an answer begins with: whose windows they are. */
  static ObjectNode head(String streamId, @Nullable Long track) {
    return JsonNodeFactory.instance.objectNode().put("stream", streamId).put("track", track);
  }

  /** What writes windows, one after the other. */
  private interface Windows {
    void write(Answer answer) throws IOException;
  }

  /** An answer that is being written. Confined to one thread. */
  private static final class Answer {
    private final OutputStream to;
    private final WindowText text = new WindowText();
    private boolean first = true;

    Answer(OutputStream to) {
      this.to = to;
    }

    void add(byte[] window) throws IOException {
      int before = text.length();
      if (!first) {
        text.ascii(',');
      }
      try {
        text.window(window);
        first = false;
      } catch (UnreadableRecordException e) {
        text.cut(before);
        throw e;
      }
      if (text.length() >= BLOCK_BYTES) {
        text.moveTo(to);
      }
    }
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
        answer -> {
          for (byte[] window : thinned.windows()) {
            try {
              answer.add(window);
            } catch (UnreadableRecordException e) {
              thinned.unreadable().run();
            }
          }
        });
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
        answer ->
            windows.forEach(window -> answer.add(Serdes.TIMELINE_WINDOW.encodeInside(window))));
  }

  private static void write(
      OutputStream to,
      ObjectNode head,
      Duration step,
      boolean thinned,
      BooleanSupplier stale,
      Windows windows)
      throws IOException {
    Answer answer = new Answer(to);
    String whose = head.toString();
    String front = whose.substring(0, whose.length() - 1); // without the brace
    answer.text.raw(utf8(front + ",\"step\":\"" + Times.showStep(step) + "\",\"windows\":["));
    windows.write(answer);
    // Staleness comes last, since any page may have been stale.
    answer.text.raw(utf8("],\"thinned\":" + thinned + ",\"stale\":" + stale.getAsBoolean() + "}"));
    answer.text.moveTo(to);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** One window alone, without a line's end. */
  static byte[] line(TimelineWindow window) throws IOException {
    WindowText text = new WindowText();
    text.window(Serdes.TIMELINE_WINDOW.encodeInside(window));
    ByteArrayOutputStream out = new ByteArrayOutputStream(text.length());
    text.moveTo(out);
    return out.toByteArray();
  }
}
