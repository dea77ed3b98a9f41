package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code moodline recording}: the files in a running server's media folder. */
@Command(
    name = "recording",
    description = "List and remove the recordings in the server's media folder.",
    subcommands = {RecordingCommand.Listing.class, RecordingCommand.Remove.class})
final class RecordingCommand implements Callable<Integer> {
  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    return MoodlineCli.usage(spec);
  }

  @Command(name = "list", description = "List the recordings with the streams that need them.")
  static final class Listing implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Option(names = "--json", description = "Print JSON.")
    boolean json;

    @Override
    public Integer call() {
      JsonNode recordings = server.client().all("/api/v1/recordings", "recordings");
      if (json) {
        System.out.println(recordings.toPrettyString());
        return 0;
      }
      System.out.printf("%-40s %14s  %s%n", "RECORDING", "BYTES", "STREAMS");
      for (JsonNode recording : recordings.path("recordings")) {
        List<String> streams = new ArrayList<>();
        recording.path("streams").forEach(id -> streams.add(id.asText()));
        System.out.printf(
            "%-40s %14d  %s%n",
            recording.path("recording").asText(),
            recording.path("bytes").asLong(),
            String.join(", ", streams));
      }
      return 0;
    }
  }

  @Command(
      name = "remove",
      description = {
        "Delete a recording's file; what was derived from it stays.",
        "One that a stream or replay has as its source is kept: remove that first."
      })
  static final class Remove implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the file, see list.")
    String name = "";

    @Override
    public Integer call() {
      server.client().delete("/api/v1/recordings/" + ApiClient.encode(name));
      System.out.println("recording " + name + " removed");
      return 0;
    }
  }
}
