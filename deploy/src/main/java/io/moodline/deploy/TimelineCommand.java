package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.runtime.UserException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moodline timeline}: a stream's timeline from a running server. */
@Command(name = "timeline", description = "Print a stream's emotion timeline.")
final class TimelineCommand implements Callable<Integer> {
  private static final Set<String> FORMATS = Set.of("csv", "jsonl", "arrow", "vtt", "eaf");

  @Mixin ServerOption server = new ServerOption();

  @Parameters(index = "0", paramLabel = "STREAM", description = "Id of the stream.")
  String id = "";

  @Option(names = "--from", description = "First instant, for example 2026-11-21T10:00:00Z.")
  String from = "";

  @Option(names = "--to", description = "Instant after the last one.")
  String to = "";

  @Option(names = "--step", description = "Window length: 1s, 10s, 1m or 1h (default: what fits).")
  String step = "";

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  @Option(names = "--csv", description = "Print CSV.")
  boolean csv;

  @Option(
      names = "--format",
      description =
          "Write a file, of any length: csv, jsonl, arrow, vtt (subtitles) or eaf (ELAN).")
  String format = "";

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description = "Where the file goes (default: standard output).")
  String output = "-";

  @Override
  public Integer call() {
    if (!format.isEmpty()) {
      export();
      return 0;
    }
    if (!output.equals("-")) {
      throw new UserException("--output needs --format csv, jsonl, arrow, vtt or eaf");
    }
    ApiClient api = server.client();
    if (csv) {
      System.out.print(api.text(path("timeline"), "text/csv"));
      System.out.flush();
      return 0;
    }
    JsonNode timeline = api.get(path("timeline"));
    if (json) {
      System.out.println(timeline.toPrettyString());
      return 0;
    }
    JsonNode first = timeline.path("windows").path(0).path("start");
    Instant origin = first.isMissingNode() ? Instant.EPOCH : Instant.parse(first.asText());
    if (!first.isMissingNode()) {
      System.out.println("Times since " + origin);
    }
    new TimelineText(Terminal.hasColours()).draw(timeline, origin).forEach(System.out::println);
    return 0;
  }

  private void export() {
    if (!FORMATS.contains(format)) {
      throw new UserException(
          "--format '" + format + "' is not known: give csv, jsonl, arrow, vtt or eaf");
    }
    String path = path("timeline." + format);
    if (output.equals("-")) {
      server.client().download(path, System.out);
      System.out.flush();
    } else {
      server.client().download(path, Path.of(output));
    }
  }

  private String path(String what) {
    StringBuilder path =
        new StringBuilder("/api/v1/streams/" + ApiClient.encode(id) + "/" + what + "?");
    add(path, "from", from);
    add(path, "to", to);
    add(path, "step", step);
    return path.toString();
  }

  private static void add(StringBuilder path, String name, String value) {
    if (!value.isEmpty()) {
      path.append(name).append('=').append(ApiClient.encode(value)).append('&');
    }
  }
}
