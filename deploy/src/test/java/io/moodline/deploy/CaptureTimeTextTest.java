package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CaptureTimeTextTest {
  @Test
  void saysWhereTimesComeFromAndHowWellTheyAreKnown() {
    ObjectNode camera = status("SENDER_REPORT", 1500, -12.34, -20_000L);
    assertThat(CaptureTimeText.brief(camera)).isEqualTo("camera ±1.5 ms");
    assertThat(CaptureTimeText.sentence(camera))
        .isEqualTo(
            "taken from the camera's own clock, ±1.5 ms, media clock 12.3 ppm slow,"
                + " camera's clock 20 ms behind its arrival");
    ObjectNode wrong = status("ARRIVAL", 40_000, 3.0, 3_600_000_000L);
    assertThat(CaptureTimeText.brief(wrong)).isEqualTo("arrival ±40 ms");
    assertThat(CaptureTimeText.sentence(wrong))
        .isEqualTo(
            "taken from the least delayed arrivals, ±40 ms, media clock 3.0 ppm fast,"
                + " camera's clock 3600.0 s ahead of its arrival");
  }

  @Test
  void leavesOutWhatIsNotKnown() {
    assertThat(CaptureTimeText.sentence(status("ARRIVAL", 40_000, null, null)))
        .isEqualTo("taken from the least delayed arrivals, ±40 ms");
    ObjectNode recording = status("RECORDING", 0, null, null);
    assertThat(CaptureTimeText.brief(recording)).isEqualTo("recording");
    assertThat(CaptureTimeText.sentence(recording)).isEqualTo("counted from the recording's start");
    ObjectNode waiting = ApiClient.object();
    assertThat(CaptureTimeText.brief(waiting)).isEqualTo("-");
    assertThat(CaptureTimeText.sentence(waiting)).isEmpty();
    waiting.putNull("timeSource");
    assertThat(CaptureTimeText.brief(waiting)).isEqualTo("-");
    assertThat(CaptureTimeText.sentence(waiting)).isEmpty();
  }

  @Test
  void isPartOfWhatAProbeFound() {
    ObjectNode found = status("ARRIVAL", 250_000, null, null);
    found.put("codec", "h264").put("width", 1920).put("height", 1080).put("clock", "STEADY");
    assertThat(StreamCommand.Probe.text(found).lines())
        .hasSize(3)
        .last()
        .isEqualTo("capture times: taken from the least delayed arrivals, ±250 ms");
    assertThat(StreamCommand.Probe.text(status("", 0, null, null)).lines()).hasSize(2);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0.0 ms",
    "9900, 9.9 ms",
    "250000, 250 ms",
    "2500000, 2500 ms",
    "75500000, 75.5 s",
    "1800000000000000, 20833.3 days"
  })
  void givesALengthOfTimeItsUnit(long micros, String text) {
    assertThat(CaptureTimeText.length(micros)).isEqualTo(text);
  }

  private static ObjectNode status(
      String source, long uncertainty, @Nullable Double drift, @Nullable Long offset) {
    return ApiClient.object()
        .put("timeSource", source)
        .put("timeUncertaintyMicros", uncertainty)
        .put("mediaClockDriftPpm", drift)
        .put("senderClockOffsetMicros", offset);
  }
}
