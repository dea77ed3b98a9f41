package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.runtime.UserException;
import io.moodline.schemas.Purpose;
import io.moodline.schemas.SourceUri;
import io.moodline.schemas.StreamIds;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moodline stream}: registers streams with a running server. */
@Command(
    name = "stream",
    description = "Add, list, show and remove streams of a running server.",
    subcommands = {
      StreamCommand.Add.class,
      StreamCommand.Listing.class,
      StreamCommand.Show.class,
      StreamCommand.Probe.class,
      StreamCommand.History.class,
      StreamCommand.Pause.class,
      StreamCommand.Resume.class,
      StreamCommand.Remove.class,
      StreamCommand.Erase.class
    })
final class StreamCommand extends CommandGroup {
  private static String path(String id) {
    return "/api/v1/streams/" + ApiClient.encode(checked(() -> StreamIds.check(id)));
  }

  /** Rules that the server checks too, told before anything is sent. */
  private static <T> T checked(Supplier<T> rule) {
    try {
      return rule.get();
    } catch (IllegalArgumentException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    }
  }

  @Command(name = "add", description = "Register a stream, or change it.")
  static final class Add implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Parameters(
        index = "0",
        paramLabel = "ID",
        description = "Id of the stream, for example lobby.")
    String id = "";

    @Parameters(
        index = "1",
        paramLabel = "SOURCE",
        description =
            "rtsp(s)://..., http(s)://..., webcam:0, file:NAME or pictures:FOLDER in the server's media folder, or synthetic:live.")
    String source = "";

    @Option(names = "--purpose", description = "Why the faces are analysed: required.")
    @Nullable String purpose;

    @Option(names = "--name", description = "Name for people (default: the id).")
    String name = "";

    @Option(names = "--fps", description = "Frames to analyse per second (default: the server's).")
    double framesPerSecond;

    @Option(
        names = "--sampling",
        paramLabel = "MODE",
        description = "Of these: rate (all, the default), keyframes, or motion (what differs).")
    String sampling = "";

    @Option(names = "--label", paramLabel = "KEY=VALUE", description = "Label; may be repeated.")
    Map<String, String> labels = new LinkedHashMap<>();

    @Option(names = "--model", description = "Model bundle (default: the server's).")
    String model = "";

    @Option(
        names = "--probe",
        description = "Look at the source first, and add only what can be read.")
    boolean probe;

    @Override
    public Integer call() {
      String path = path(id);
      checked(() -> Purpose.parse(purpose));
      checked(() -> SourceUri.parse(source));
      ObjectNode body = ApiClient.object();
      body.put("name", name.isEmpty() ? id : name).put("source", source).put("purpose", purpose);
      if (framesPerSecond > 0) {
        body.put("framesPerSecond", framesPerSecond);
      }
      if (!sampling.isEmpty()) {
        body.put("sampling", sampling);
      }
      if (!model.isEmpty()) {
        body.put("model", model);
      }
      if (!labels.isEmpty()) {
        body.set("labels", ApiClient.JSON.valueToTree(labels));
      }
      JsonNode answer = server.client().put(probe ? path + "?probe=true" : path, body);
      System.out.println(
          "stream " + id + " registered, revision " + answer.path("revision").asLong());
      return 0;
    }
  }

  @Command(name = "list", description = "List the streams and how they are doing.")
  static final class Listing extends ServerQuery {
    @Override
    JsonNode ask(ApiClient api) {
      return api.all("/api/v1/streams", "streams");
    }

    @Override
    void print(JsonNode streams) {
      System.out.printf(
          "%-24s %-12s %10s  %-18s %s%n", "ID", "STATE", "FRAMES", "TIMES FROM", "SOURCE");
      for (JsonNode stream : streams.path("streams")) {
        System.out.printf(
            Locale.ROOT,
            "%-24s %-12s %10d  %-18s %s%n",
            stream.path("id").asText(),
            stream.path("status").path("state").asText("-"),
            stream.path("status").path("published").asLong(),
            CaptureTimeText.brief(stream.path("status")),
            stream.path("source").asText());
      }
    }
  }

  @Command(name = "show", description = "Show one stream.")
  static final class Show implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Parameters(index = "0", paramLabel = "ID", description = "Id of the stream.")
    String id = "";

    @Option(names = "--json", description = "Print JSON.")
    boolean json;

    @Override
    public Integer call() {
      JsonNode stream = server.client().get(path(id));
      if (json) {
        System.out.println(stream.toPrettyString());
      } else {
        print(stream, "");
        String times = CaptureTimeText.sentence(stream.path("status"));
        if (!times.isEmpty()) {
          System.out.println("capture times: " + times);
        }
      }
      return 0;
    }

    private static void print(JsonNode node, String indent) {
      for (var field : node.properties()) {
        if (field.getValue().isObject()) {
          System.out.println(indent + field.getKey() + ":");
          print(field.getValue(), indent + "  ");
        } else if (!field.getValue().isNull()) {
          System.out.println(indent + field.getKey() + ": " + field.getValue().asText());
        }
      }
    }
  }

  @Command(name = "pause", description = "Pause a stream or replay.")
  static final class Pause implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Parameters(index = "0", paramLabel = "ID", description = "Id of the stream.")
    String id = "";

    @Override
    public Integer call() {
      server.client().post(path(id) + "/pause", ApiClient.object());
      System.out.println("stream " + id + " paused");
      return 0;
    }
  }

  @Command(name = "resume", description = "Let a paused stream or replay go on where it was.")
  static final class Resume implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Parameters(index = "0", paramLabel = "ID", description = "Id of the stream.")
    String id = "";

    @Override
    public Integer call() {
      server.client().post(path(id) + "/resume", ApiClient.object());
      System.out.println("stream " + id + " resumed");
      return 0;
    }
  }

  @Command(
      name = "probe",
      description = "Look at a source from the server for a few seconds, and say what it is.")
  static final class Probe implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Parameters(index = "0", paramLabel = "SOURCE", description = "As for stream add.")
    String source = "";

    @Option(names = "--json", description = "Print JSON.")
    boolean json;

    @Override
    public Integer call() {
      checked(() -> SourceUri.parse(source));
      JsonNode found =
          server.client().post("/api/v1/probe", ApiClient.object().put("source", source));
      System.out.println(json ? found.toPrettyString() : text(found));
      return 0;
    }

    static String text(JsonNode found) {
      String times = CaptureTimeText.sentence(found);
      return picture(found)
          + (times.isEmpty() ? "" : System.lineSeparator() + "capture times: " + times);
    }

    private static String picture(JsonNode found) {
      return String.format(
          Locale.ROOT,
          "%s, %d x %d, %.1f pictures per second (stated %.1f), clock %s%n"
              + "faces from %d pixels on are seen: %.1f %% of the width, an adult within %.1f m of a 60 degree lens",
          found.path("codec").asText(),
          found.path("width").asInt(),
          found.path("height").asInt(),
          found.path("measuredFramesPerSecond").asDouble(),
          found.path("statedFramesPerSecond").asDouble(),
          found.path("clock").asText().toLowerCase(Locale.ROOT),
          found.path("smallestFacePixels").asInt(),
          100 * found.path("smallestFaceShare").asDouble(),
          found.path("farthestFaceMetres").asDouble());
    }
  }

  @Command(name = "history", description = "Show the last changes of a stream's state.")
  static final class History extends ServerQuery {
    @Parameters(index = "0", paramLabel = "ID", description = "Id of the stream.")
    String id = "";

    @Override
    JsonNode ask(ApiClient api) {
      return api.get(path(id) + "/history");
    }

    @Override
    void print(JsonNode history) {
      for (JsonNode change : history.path("changes")) {
        int times = change.path("times").asInt();
        System.out.printf(
            Locale.ROOT,
            "%-26s %-12s %10.1f s  %s%s%n",
            change.path("since").asText(),
            change.path("state").asText(),
            change.path("seconds").asDouble(),
            change.path("reason").asText("").replace("null", ""),
            times > 1 ? " (" + times + " times)" : "");
      }
    }
  }

  @Command(name = "remove", description = "Remove a stream; what it produced stays.")
  static final class Remove implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Parameters(index = "0", paramLabel = "ID", description = "Id of the stream.")
    String id = "";

    @Override
    public Integer call() {
      server.client().delete(path(id));
      System.out.println("stream " + id + " removed");
      return 0;
    }
  }

  @Command(
      name = "erase",
      description = "Erase what was derived from a stream or a track, and print a receipt.")
  static final class Erase implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Parameters(index = "0", paramLabel = "ID", description = "Id of the stream.")
    String id = "";

    @Option(names = "--track", paramLabel = "NUMBER", description = "Only this track.")
    long track;

    @Override
    public Integer call() {
      String what = track > 0 ? "/tracks/" + track + "/data" : "/data";
      System.out.println(server.client().erase(path(id) + what).toPrettyString());
      return 0;
    }
  }
}
