package io.moodline.deploy;

import java.util.HashMap;
import java.util.Map;

/**
 * What the analyzer's counters said at one moment, or by how much they grew between two.
 *
 * @param values by name and labels as on {@code /metrics}, without {@code moodline_analyzer_}
 */
record AnalyzerReading(Map<String, Double> values) {
  private static final String PREFIX = "moodline_analyzer_";

  AnalyzerReading {
    values = Map.copyOf(values);
  }

  static AnalyzerReading of(ApiClient api) {
    Map<String, Double> values = new HashMap<>();
    for (String line : api.text("/metrics", "text/plain").lines().toList()) {
      int space = line.lastIndexOf(' ');
      if (line.startsWith(PREFIX) && space > 0) {
        values.put(
            line.substring(PREFIX.length(), space), Double.valueOf(line.substring(space + 1)));
      }
    }
    return new AnalyzerReading(values);
  }

  /** By how much each grew since an earlier reading of the same process. */
  AnalyzerReading since(AnalyzerReading earlier) {
    Map<String, Double> grown = new HashMap<>();
    values.forEach((name, now) -> grown.put(name, now - earlier.values.getOrDefault(name, 0.0)));
    return new AnalyzerReading(grown);
  }

  /** What the analyzer's threads spent on a step, together. */
  double seconds(String step) {
    return value("step_seconds_sum{step=\"" + step + "\"}");
  }

  /** The same of processor time. */
  double processorSeconds(String step) {
    return value("step_processor_seconds_total{step=\"" + step + "\"}");
  }

  double value(String name) {
    Double value = values.get(name);
    if (value == null) {
      throw new IllegalStateException("no metric " + PREFIX + name);
    }
    return value;
  }
}
