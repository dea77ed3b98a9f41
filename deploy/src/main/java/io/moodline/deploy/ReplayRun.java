package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.runtime.UserException;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;

/**
 * Starts one replay through the API, shows its progress and fetches its timeline. Confined to one
 * thread.
 */
final class ReplayRun {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Set<String> FAILED = Set.of("FAILED", "REFUSED");

  private final ApiClient api;
  private final ProgressLine progress;

  ReplayRun(ApiClient api, ProgressLine progress) {
    this.api = api;
    this.progress = progress;
  }

  /**
   * Registers a recording as a replay.
   *
   * @param request the body of {@code POST /api/v1/replays}
   * @return the replay as the API answers it
   */
  JsonNode start(ObjectNode request) {
    return api.post("/api/v1/replays", request);
  }

  /**
   * Waits until every frame of the replay is in the timeline, showing progress.
   *
   * @return the finished replay as the API answers it
   * @throws UserException when the recording can not be analysed, with the reason
   */
  JsonNode await(String id) throws InterruptedException {
    long begin = System.nanoTime();
    while (true) {
      JsonNode replay = api.get("/api/v1/replays/" + ApiClient.encode(id));
      String state = replay.path("state").asText();
      if (FAILED.contains(state)) {
        progress.done();
        throw new UserException(replay.path("reason").asText("the recording can not be analysed"));
      }
      show(replay, Duration.ofNanos(System.nanoTime() - begin));
      if (state.equals("FINISHED")) {
        progress.done();
        return replay;
      }
      Thread.sleep(POLL.toMillis());
    }
  }

  private void show(JsonNode replay, Duration elapsed) {
    double share = replay.path("progress").asDouble();
    double mediaSeconds = share * replay.path("durationMicros").asLong() / 1e6;
    double seconds = elapsed.toNanos() / 1e9;
    StringBuilder text = new StringBuilder();
    text.append(replay.path("frames").asLong()).append(" frames, ");
    text.append(replay.path("faces").asLong()).append(" faces");
    if (mediaSeconds > 0) {
      text.append(String.format(Locale.ROOT, ", %.1fx real time", mediaSeconds / seconds));
      Duration left = Duration.ofMillis(Math.round(seconds * (1 - share) / share * 1000));
      text.append(", ").append(TimelineText.clock(left)).append(" left");
    }
    progress.progress(share, text.toString());
  }

  /** The timeline of a stream; an empty step leaves the choice to the server. */
  JsonNode timeline(String stream, String step) {
    return api.get(timelinePath(stream, step));
  }

  /** The timeline of a stream as CSV. */
  String timelineCsv(String stream, String step) {
    return api.text(timelinePath(stream, step), "text/csv");
  }

  private static String timelinePath(String stream, String step) {
    String query = step.isEmpty() ? "" : "?step=" + ApiClient.encode(step);
    return "/api/v1/streams/" + ApiClient.encode(stream) + "/timeline" + query;
  }
}
