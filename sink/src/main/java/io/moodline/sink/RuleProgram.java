package io.moodline.sink;

import io.moodline.schemas.v1.StreamSpec;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A rule that was read. Thread-safe.
 *
 * @param helds how many times {@code for} stands in it
 * @param filters which streams it is meant for; all must be met, and none means all streams
 */
record RuleProgram(RuleCondition condition, int helds, List<Filter> filters) {
  /** What names the stream itself rather than one of its labels. */
  static final String STREAM = "stream";

  RuleProgram {
    filters = List.copyOf(filters);
  }

  /** {@code label = value} or {@code label != value}. */
  record Filter(String label, boolean equal, String value) {
    boolean isMet(String streamId, Map<String, String> labels) {
      String found = label.equals(STREAM) ? streamId : labels.get(label);
      return value.equals(found) == equal;
    }
  }

  /**
   * Whether the rule is meant for a stream.
   *
   * @param spec null where the stream is not registered any more: it has no labels then
   */
  boolean isMeantFor(String streamId, @Nullable StreamSpec spec) {
    Map<String, String> labels = spec == null ? Map.of() : spec.getLabels();
    return filters.stream().allMatch(filter -> filter.isMet(streamId, labels));
  }
}
