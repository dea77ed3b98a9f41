package io.moodline.deploy;

import java.util.Map;
import picocli.CommandLine.Option;

/** Which stretch of time a command is asked for; all of it where neither end is given. */
final class TimeRange {
  @Option(
      names = "--from",
      converter = PastTime.class,
      description =
          "First instant, for example 2026-11-21T10:00:00Z, or how long ago it was, for example 2h.")
  String from = "";

  @Option(
      names = "--to",
      converter = PastTime.class,
      description = "Instant after the last one, or how long ago it was.")
  String to = "";

  void addTo(Map<String, String> query) {
    query.put("from", from);
    query.put("to", to);
  }
}
