package io.moodline.sink;

import io.javalin.http.Context;
import io.moodline.schemas.StreamIds;
import io.moodline.schemas.StreamPartition;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * What a subscriber wants. Labels and the minimum score hold for emotions and segments; statuses
 * and alerts have neither and pass. Thread-safe.
 *
 * @param streams ids; empty means all
 * @param labels empty means all, and those without a label
 * @param minScore 0 to 1; 0 means all, and those without a score
 */
record EventFilter(Set<String> streams, Set<EventKind> kinds, Set<String> labels, double minScore) {
  private static final int MAX_WORDS = 200;
  private static final int MAX_LABEL = 100;

  EventFilter {
    streams = Set.copyOf(streams);
    kinds = Set.copyOf(kinds);
    labels = Set.copyOf(labels);
  }

  /** Reads {@code stream}, {@code events}, {@code label} and {@code minScore} of the query. */
  static EventFilter read(Context ctx) {
    return of(
        words(ctx.queryParams("stream"), "stream"),
        words(ctx.queryParams("events"), "events"),
        words(ctx.queryParams("label"), "label"),
        score(ctx.queryParam("minScore")));
  }

  /** Checks what a caller gave; the problem names the field. */
  static EventFilter of(
      Set<String> streams, Set<String> events, Set<String> labels, double minScore) {
    streams.forEach(EventFilter::checkStream);
    if (labels.stream().anyMatch(label -> label.length() > MAX_LABEL)) {
      throw Problem.malformed("a label is longer than " + MAX_LABEL + " characters");
    }
    if (!(minScore >= 0 && minScore <= 1)) {
      throw Problem.malformed("minScore is out of range: give 0 to 1");
    }
    EnumSet<EventKind> kinds = EnumSet.noneOf(EventKind.class);
    events.forEach(
        event ->
            kinds.add(
                EventKind.of(event)
                    .orElseThrow(
                        () ->
                            Problem.malformed(
                                "event '"
                                    + event
                                    + "' is not known: give some of "
                                    + EventKind.names()))));
    return new EventFilter(
        streams, kinds.isEmpty() ? EnumSet.allOf(EventKind.class) : kinds, labels, minScore);
  }

  private static void checkStream(String id) {
    try {
      StreamIds.check(id);
    } catch (IllegalArgumentException e) {
      throw Problem.malformed(String.valueOf(e.getMessage()));
    }
  }

  private static double score(@org.jspecify.annotations.Nullable String text) {
    try {
      return text == null ? 0 : Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw Problem.malformed("minScore is no number: give 0 to 1");
    }
  }

  /** A parameter may be repeated, and hold several words between commas. */
  private static Set<String> words(List<String> given, String name) {
    Set<String> words = new TreeSet<>();
    for (String text : given) {
      Arrays.stream(text.split(",")).filter(word -> !word.isEmpty()).forEach(words::add);
      if (words.size() > MAX_WORDS) {
        throw Problem.malformed(name + " holds more than " + MAX_WORDS + " words");
      }
    }
    return words;
  }

  EventFilter ofStream(String streamId) {
    return new EventFilter(Set.of(streamId), kinds, labels, minScore);
  }

  boolean accepts(EventRecord record) {
    if (!streams.isEmpty() && !streams.contains(record.streamId())) {
      return false;
    }
    if (record.kind() != EventKind.EMOTION && record.kind() != EventKind.SEGMENT) {
      return true;
    }
    Float score = record.score();
    String label = record.label();
    return (labels.isEmpty() || label != null && labels.contains(label))
        && (minScore <= 0 || score != null && score >= minScore);
  }

  /** The partitions that hold what is wanted. */
  int[] partitions(int all) {
    return streams.isEmpty()
        ? IntStream.range(0, all).toArray()
        : streams.stream()
            .mapToInt(id -> StreamPartition.of(id, all))
            .distinct()
            .sorted()
            .toArray();
  }
}
