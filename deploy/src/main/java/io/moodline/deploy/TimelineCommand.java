package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moodline timeline}: a stream's timeline from a running server. */
@Command(name = "timeline", description = "Print a stream's emotion timeline.")
final class TimelineCommand implements Callable<Integer> {
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

  @Override
  public Integer call() {
    StringBuilder path =
        new StringBuilder("/api/v1/streams/" + ApiClient.encode(id) + "/timeline?");
    add(path, "from", from);
    add(path, "to", to);
    add(path, "step", step);
    ApiClient api = server.client();
    if (csv) {
      System.out.print(api.text(path.toString(), "text/csv"));
      System.out.flush();
      return 0;
    }
    JsonNode timeline = api.get(path.toString());
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

  private static void add(StringBuilder path, String name, String value) {
    if (!value.isEmpty()) {
      path.append(name).append('=').append(ApiClient.encode(value)).append('&');
    }
  }
}
