package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.runtime.UserException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
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

  @Mixin TimeRange range = new TimeRange();

  @Option(names = "--step", description = "Window length: 1s, 10s, 1m or 1h (default: what fits).")
  String step = "";

  @Option(
      names = "--track",
      paramLabel = "NUMBER",
      description = "Of one track: the same face, followed.")
  @Nullable Long track;

  @Option(names = "--tracks", description = "List the newest tracks instead.")
  boolean tracks;

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
    if (tracks && (track != null || csv)) {
      throw new UserException("--tracks lists all tracks: leave out --track and --csv");
    }
    ApiClient api = server.client();
    if (tracks) {
      list(api.get(path("tracks")));
      return 0;
    }
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
    JsonNode stream = api.get("/api/v1/streams/" + ApiClient.encode(id));
    boolean live = stream.path("kind").asText().equals("LIVE");
    new TimelineText(Terminal.hasColours())
        .draw(timeline, live ? null : ReplayReport.origin(stream))
        .forEach(System.out::println);
    return 0;
  }

  private void list(JsonNode answer) {
    if (json) {
      System.out.println(answer.toPrettyString());
      return;
    }
    System.out.printf(
        "%6s  %-24s  %-24s  %6s  %s%n", "TRACK", "START", "END", "FRAMES", "DOMINANT");
    for (JsonNode it : answer.path("tracks")) {
      System.out.printf(
          "%6d  %-24s  %-24s  %6d  %s%n",
          it.path("track").asLong(),
          it.path("start").asText(),
          it.path("ended").asBoolean() ? it.path("end").asText() : "goes on",
          it.path("frames").asLong(),
          it.path("dominant").asText("-"));
    }
    if (!answer.path("next").isNull()) {
      System.out.println("Older ones follow: see GET /api/v1/streams/{id}/tracks");
    }
  }

  private void export() {
    if (track != null) {
      throw new UserException("--format is of whole streams: use --csv or --json with --track");
    }
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
    Map<String, String> query = new LinkedHashMap<>();
    range.addTo(query);
    query.put("step", step);
    String of = track == null ? "" : "tracks/" + track + "/";
    return ApiClient.path("/api/v1/streams/" + ApiClient.encode(id) + "/" + of + what, query);
  }
}
