package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TimelineTextTest {
  private static String window(String start) {
    return "{\"start\":\"%s\",\"end\":\"%s\",\"frames\":3,\"faces\":0,\"coverage\":1,\"scores\":{}}"
        .formatted(start, Instant.parse(start).plus(Duration.ofMinutes(1)));
  }

  private static List<String> draw(@Nullable Instant origin) throws Exception {
    JsonNode timeline =
        ApiClient.JSON.readTree(
            "{\"windows\":["
                + window("2026-11-26T23:58:00Z")
                + ","
                + window("2026-11-26T23:59:00Z")
                + ","
                + window("2026-11-27T00:02:00Z")
                + "]}");
    return new TimelineText(false)
        .draw(timeline, origin).stream().map(line -> line.strip().split(" ")[0]).toList();
  }

  @Test
  void aLiveStreamHasTheTimeOfTheClock() throws Exception {
    assertThat(draw(null))
        .containsExactly(
            "time", "2026-11-26", "23:58:00", "23:59:00", "...", "2026-11-27", "00:02:00");
  }

  @Test
  void aRecordingCountsFromItsStart() throws Exception {
    assertThat(draw(Instant.parse("2026-11-26T23:57:00Z")))
        .containsExactly("time", "01:00", "02:00", "...", "05:00");
  }
}
