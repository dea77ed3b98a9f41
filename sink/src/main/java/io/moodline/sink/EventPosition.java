package io.moodline.sink;

import io.moodline.schemas.Topics;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.TopicPartition;

/**
 * How far a reader of events has come in each source that is merged for it, a source being one
 * partition of one topic: the offset of the last record it was given. As text it is an event's id,
 * for example {@code emotions:2:1234,stream-status:2:99}; -1 stands before a source's first record.
 * Confined to one thread at a time.
 */
final class EventPosition {
  /** One partition of one topic. */
  record Source(EventKind kind, TopicPartition partition) {
    String prefix() {
      return kind.source() + ":" + partition.partition() + ":";
    }
  }

  private static final Pattern SOURCE =
      Pattern.compile("([a-z-]{1,30}:[0-9]{1,4}:)(-1|[0-9]{1,18})");
  private static final int MAX_LENGTH = 12_000;

  private final List<Source> sources;
  private final long[] last;

  private EventPosition(List<Source> sources) {
    this.sources = List.copyOf(sources);
    this.last = new long[sources.size()];
    java.util.Arrays.fill(last, -1);
  }

  /** The position before every record of some partitions. */
  static EventPosition start(Topics topics, Set<EventKind> kinds, int... partitions) {
    List<Source> sources = new ArrayList<>();
    for (int partition : partitions) {
      for (EventKind kind : EventKind.values()) {
        if (kinds.contains(kind)) {
          sources.add(new Source(kind, new TopicPartition(kind.topic(topics), partition)));
        }
      }
    }
    return new EventPosition(sources);
  }

  /**
   * Moves to where an id of the same subscription was.
   *
   * @throws Problem when the id does not name exactly these sources
   */
  EventPosition moveTo(String id) {
    String[] parts = id.length() > MAX_LENGTH ? new String[0] : id.split(",", -1);
    Set<Integer> moved = new HashSet<>();
    for (String part : parts) {
      Matcher source = SOURCE.matcher(part);
      if (!source.matches()) {
        throw invalid();
      }
      int index = indexOf(source.group(1));
      last[index] = Long.parseLong(source.group(2));
      moved.add(index);
    }
    if (moved.size() != sources.size() || parts.length != sources.size()) {
      throw invalid();
    }
    return this;
  }

  private int indexOf(String prefix) {
    for (int i = 0; i < sources.size(); i++) {
      if (sources.get(i).prefix().equals(prefix)) {
        return i;
      }
    }
    throw invalid();
  }

  private static Problem invalid() {
    return Problem.malformed(
        "Last-Event-ID is no id that events of this subscription had: give the same stream and events");
  }

  List<Source> sources() {
    return sources;
  }

  /** Offset of the next record to read of the source with that index. */
  long next(int source) {
    return last[source] + 1;
  }

  /** The record at {@code offset} was given. */
  void read(int source, long offset) {
    last[source] = offset;
  }

  @Override
  public String toString() {
    StringBuilder id = new StringBuilder(sources.size() * 24);
    for (int i = 0; i < last.length; i++) {
      id.append(i == 0 ? "" : ",").append(sources.get(i).prefix()).append(last[i]);
    }
    return id.toString();
  }
}
