package io.moodline.sink;

import io.moodline.schemas.Topics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;

/**
 * How far a reader of events has come in each topic that is merged for it: the offset of the last
 * record it was given. As text it is an event's id, for example {@code
 * emotions:2:1234,stream-status:2:99}; -1 stands before a topic's first record. Confined to the
 * reader's thread.
 */
final class EventPosition {
  private static final Pattern SOURCE =
      Pattern.compile("([a-z-]{1,30}):([0-9]{1,4}):(-1|[0-9]{1,18})");
  private static final int MAX_LENGTH = 300;

  private final Map<TopicPartition, String> names = new LinkedHashMap<>();
  private final Map<TopicPartition, Long> last = new LinkedHashMap<>();

  private EventPosition() {}

  /** The position before every record of the partition that holds a stream. */
  static EventPosition start(Topics topics, int partition) {
    EventPosition position = new EventPosition();
    position.add("emotions", new TopicPartition(topics.emotions(), partition));
    position.add("stream-status", new TopicPartition(topics.streamStatus(), partition));
    return position;
  }

  /** Reads an id; the topics and the partition must be the stream's own. */
  static EventPosition parse(String id, Topics topics, int partition) {
    EventPosition position = start(topics, partition);
    String[] parts = id.length() > MAX_LENGTH ? new String[0] : id.split(",", -1);
    if (parts.length != position.names.size()) {
      throw invalid();
    }
    for (String part : parts) {
      Matcher source = SOURCE.matcher(part);
      if (!source.matches() || Integer.parseInt(source.group(2)) != partition) {
        throw invalid();
      }
      TopicPartition found =
          position.names.entrySet().stream()
              .filter(entry -> entry.getValue().equals(source.group(1)))
              .map(Map.Entry::getKey)
              .findFirst()
              .orElseThrow(EventPosition::invalid);
      position.read(found, Long.parseLong(source.group(3)));
    }
    return position;
  }

  private static Problem invalid() {
    return Problem.malformed("Last-Event-ID is no id that this stream's events had");
  }

  private void add(String name, TopicPartition partition) {
    names.put(partition, name);
    last.put(partition, -1L);
  }

  List<TopicPartition> partitions() {
    return List.copyOf(names.keySet());
  }

  String name(TopicPartition partition) {
    return String.valueOf(names.get(partition));
  }

  /** Offset of the next record to read. */
  long next(TopicPartition partition) {
    return last.getOrDefault(partition, -1L) + 1;
  }

  void read(TopicPartition partition, long offset) {
    last.put(partition, offset);
  }

  @Override
  public String toString() {
    return last.entrySet().stream()
        .map(
            entry ->
                name(entry.getKey()) + ":" + entry.getKey().partition() + ":" + entry.getValue())
        .collect(Collectors.joining(","));
  }
}
