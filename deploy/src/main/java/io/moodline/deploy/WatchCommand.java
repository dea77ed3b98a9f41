package io.moodline.deploy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.time.Duration;
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

  private final EventText text = new EventText();

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
      text.line(event, parse(data)).ifPresent(System.out::println);
    }
    System.out.flush();
  }

  private static JsonNode parse(String data) {
    try {
      return ApiClient.JSON.readTree(data);
    } catch (JsonProcessingException e) {
      throw new UserException("the server sent an event that is no JSON", e);
    }
  }
}
