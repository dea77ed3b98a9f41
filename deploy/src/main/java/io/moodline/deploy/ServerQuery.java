package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A command that asks a running server, and prints the answer for people or, asked to, as JSON. */
abstract class ServerQuery implements Callable<Integer> {
  @Mixin ServerOption server = new ServerOption();

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  abstract JsonNode ask(ApiClient api);

  abstract void print(JsonNode answer);

  @Override
  public final Integer call() {
    JsonNode answer = ask(server.client());
    if (json) {
      System.out.println(answer.toPrettyString());
    } else {
      print(answer);
    }
    return 0;
  }
}
