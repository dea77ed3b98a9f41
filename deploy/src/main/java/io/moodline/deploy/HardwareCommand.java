package io.moodline.deploy;

import io.moodline.ingest.HardwareList;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code moodline hardware}: what live streams could be decoded with on this machine. */
@Command(
    name = "hardware",
    description =
        "List what FFmpeg can decode live streams with here, for ingest.decoder.hardware.")
final class HardwareCommand implements Callable<Integer> {
  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  @Override
  public Integer call() throws InterruptedException {
    Map<String, String> found = HardwareList.look();
    if (json) {
      System.out.println(ApiClient.JSON.valueToTree(found).toPrettyString());
      return 0;
    }
    System.out.printf("%-14s %s%n", "software", "always");
    found.forEach(
        (name, problem) ->
            System.out.printf("%-14s %s%n", name, problem.isEmpty() ? "opens" : "no: " + problem));
    return 0;
  }
}
