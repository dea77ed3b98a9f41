package io.moodline.deploy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code moodline watch}: a stream's events as they happen; takes up where it was when the
 * connection breaks.
 */
@Command(name = "watch", description = "Print a stream's events as they happen, until Ctrl-C.")
final class WatchCommand implements Callable<Integer> {
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** Three of the server's heartbeats. */
  private static final Duration SILENCE = Duration.ofSeconds(45);

  @Mixin ServerOption server = new ServerOption();

  @Parameters(index = "0", paramLabel = "STREAM", description = "Id of the stream.")
  String id = "";

  @Option(names = "--json", description = "Print each event's data as a line of JSON.")
  boolean json;

  @Option(names = "--from-beginning", description = "Start with the oldest event that is kept.")
  boolean fromBeginning;

  @Option(
      names = "--window",
      description = "Show the analysed pictures in a window of the desktop instead.")
  boolean window;

  /** How long the server may say nothing. */
  Duration silence = SILENCE;

  @Override
  public Integer call() throws InterruptedException {
    ApiClient api = server.client();
    if (window) {
      PreviewWindow.show(api, id);
      return 0;
    }
    String stream = "/api/v1/streams/" + ApiClient.encode(id);
    api.get(stream); // an unknown stream is an error, a stream without events is not
    String path = stream + "/events" + (fromBeginning ? "?from=beginning" : "");
    follow(api, path);
    return 0;
  }

  /** Prints events until the server refuses to send any, whatever becomes of the connection. */
  private void follow(ApiClient api, String path) throws InterruptedException {
    EventReader reader = new EventReader();
    String said = "";
    while (true) {
      reader.begin();
      try (LiveLines lines = api.events(path, reader.lastEventId, silence)) {
        said = "";
        for (String line = lines.next(); line != null; line = lines.next()) {
          reader.read(line);
        }
      } catch (IOException e) {
        if (!said.equals(e.getMessage())) {
          said = String.valueOf(e.getMessage());
          System.err.println("moodline: " + said + "; trying again");
        }
      }
      Thread.sleep(PAUSE.toMillis());
    }
  }

  /** Server-sent events (WHATWG HTML, section 9.2): fields by line, an empty line ends an event. */
  private final class EventReader {
    private String lastEventId = "";
    private String event = "";
    private final StringBuilder data = new StringBuilder();

    /** Forgets an event that was cut off. */
    void begin() {
      event = "";
      data.setLength(0);
    }

    void read(String line) {
      if (line.isEmpty()) {
        dispatch();
        return;
      }
      int colon = line.indexOf(':');
      String field = colon < 0 ? line : line.substring(0, colon);
      String value = colon < 0 ? "" : line.substring(colon + 1);
      value = value.startsWith(" ") ? value.substring(1) : value;
      switch (field) {
        case "id" -> lastEventId = value;
        case "event" -> event = value;
        case "data" -> data.append(data.isEmpty() ? "" : "\n").append(value);
        default -> {} // comments (heartbeats) and unknown fields mean nothing
      }
    }

    private void dispatch() {
      if (!data.isEmpty()) {
        print(event, data.toString());
      }
      begin();
    }
  }

  private void print(String event, String data) {
    if (json) {
      System.out.println(data);
    } else {
      System.out.println(describe(event, data));
    }
    System.out.flush();
  }

  /** As `moodline explain` takes it. */
  private static String eventId(JsonNode emotion) {
    return new EventId(
            emotion.path("stream").asText(),
            emotion.path("run").asText(),
            emotion.path("sequence").asLong(),
            emotion.path("face").asInt())
        .toString();
  }

  private static String describe(String event, String data) {
    try {
      JsonNode node = ApiClient.JSON.readTree(data);
      return switch (event) {
        case "emotion" ->
            String.format(
                Locale.ROOT,
                "%s  %s  %s",
                node.path("time").asText(),
                eventId(node),
                node.path("label").isNull()
                    ? "withheld " + node.path("withheld")
                    : String.format(
                        Locale.ROOT,
                        "%-10s %.2f",
                        node.path("label").asText(),
                        node.path("score").asDouble()));
        case "status" ->
            String.format(
                Locale.ROOT,
                "%s  %s, %d frames %s",
                node.path("since").asText(),
                node.path("state").asText(),
                node.path("published").asLong(),
                node.path("reason").asText(""));
        default -> event + " " + data;
      };
    } catch (JsonProcessingException e) {
      throw new UserException("the server sent an event that is no JSON", e);
    }
  }
}
