package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.time.Instant;
import java.util.Locale;

/** What a finished replay says: for people as text, for programs as JSON. Thread-safe. */
final class ReplayReport {
  private ReplayReport() {}

  /** Prints what was analysed, with which model and detector, and the timeline. */
  static void printSummary(PrintStream out, String what, JsonNode replay, ReplayRun run) {
    JsonNode ledger = replay.path("ledger");
    out.printf(
        Locale.ROOT,
        "%s: %d of %d frames analysed, %d skipped, %d failed, %d faces%n",
        what,
        ledger.path("analysed").asLong(),
        ledger.path("published").asLong(),
        ledger.path("skipped").asLong(),
        ledger.path("failed").asLong(),
        replay.path("faces").asLong());
    out.printf("Model %s, face detector %s%n%n", text(replay, "model"), text(replay, "detector"));
    JsonNode timeline = run.timeline(replay.path("stream").asText(), "");
    new TimelineText(Terminal.hasColours()).draw(timeline, origin(replay)).forEach(out::println);
  }

  /** The result of a replay as one JSON object. */
  static ObjectNode json(String file, JsonNode replay, JsonNode timeline) {
    JsonNode ledger = replay.path("ledger");
    ObjectNode json = ApiClient.object();
    json.put("file", file);
    json.put("stream", text(replay, "stream"));
    json.put("run", text(replay, "run"));
    json.put("model", text(replay, "model"));
    json.put("modelDigest", text(replay, "modelDigest"));
    json.put("detector", text(replay, "detector"));
    json.put("digest", text(replay, "digest"));
    ObjectNode account = json.putObject("ledger");
    for (String entry : new String[] {"published", "analysed", "skipped", "failed"}) {
      account.put(entry, ledger.path(entry).asLong());
    }
    json.put("faces", replay.path("faces").asLong());
    json.set("timeline", timeline);
    return json;
  }

  static Instant origin(JsonNode replay) {
    String start = replay.path("start").asText("");
    return start.isEmpty() ? Instant.EPOCH : Instant.parse(start);
  }

  private static String text(JsonNode node, String field) {
    return node.path(field).asText("");
  }
}
