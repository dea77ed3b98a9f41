package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code moodline recording}: the files in a running server's media folder. */
@Command(
    name = "recording",
    description = "List and remove the recordings in the server's media folder.",
    subcommands = {RecordingCommand.Listing.class, RecordingCommand.Remove.class})
final class RecordingCommand extends CommandGroup {
  @Command(name = "list", description = "List the recordings with the streams that need them.")
  static final class Listing extends ServerQuery {
    @Override
    JsonNode ask(ApiClient api) {
      return api.all("/api/v1/recordings", "recordings");
    }

    @Override
    void print(JsonNode recordings) {
      System.out.printf("%-40s %14s  %s%n", "RECORDING", "BYTES", "STREAMS");
      for (JsonNode recording : recordings.path("recordings")) {
        System.out.printf(
            "%-40s %14d  %s%n",
            recording.path("recording").asText(),
            recording.path("bytes").asLong(),
            ApiClient.texts(recording.path("streams")));
      }
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
