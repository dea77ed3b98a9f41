package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.Setting;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import io.moodline.schemas.SourceReport;
import io.moodline.schemas.SourceUri;
import io.moodline.schemas.v1.TimeSource;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 600, unit = TimeUnit.SECONDS)
class SourceProbeTest {
  @TempDir Path home;

  @Test
  void tellsWhatASourceIsAndHowSmallAFaceMayBe() {
    SourceProbe probe = probe(Duration.ofMinutes(3));
    SourceReport drawn =
        probe.probe(SourceUri.parse("synthetic:recording?size=2560x720&rate=10&seconds=2&faces=0"));
    assertThat(drawn.width()).isEqualTo(2560);
    assertThat(drawn.height()).isEqualTo(720);
    assertThat(drawn.statedFramesPerSecond()).isEqualTo(10);
    assertThat(drawn.measuredFramesPerSecond()).isCloseTo(10, offset(0.01));
    assertThat(drawn.duration()).hasValue(Duration.ofSeconds(2));
    assertThat(drawn.captureTime()).isEmpty();
    assertThat(drawn.clock()).isEqualTo(SourceReport.Clock.STEADY);
    assertThat(drawn.smallestFacePixels()).isEqualTo(80);
    assertThat(drawn.smallestFaceShare()).isEqualTo(80.0 / 2560);
    assertThat(drawn.farthestFaceMetres()).isCloseTo(4.43, offset(0.01));
  }

  @Test
  void looksAtACameraAndSaysWhyAnotherCanNotBeRead() throws Exception {
    TestMedia media = TestMedia.make(home.resolve("made"), 320, 240);
    SourceProbe probe = probe(Duration.ofMinutes(3));
    try (TestCamera camera = TestCamera.start(media, media)) {
      SourceReport seen = probe.probe(SourceUri.parse(camera.url(Fault.NONE)));
      assertThat(seen.codec()).isEqualTo("h264");
      assertThat(seen.width()).isEqualTo(320);
      assertThat(seen.duration()).isEmpty();
      SourceReport.CaptureTime times = seen.captureTime().orElseThrow();
      assertThat(times.source()).isEqualTo(TimeSource.ARRIVAL);
      assertThat(times.uncertaintyMicros()).isPositive();
      assertThat(times.senderClockOffsetMicros()).isNull();
      camera.reportedStart = Instant.EPOCH;
      times = probe.probe(SourceUri.parse(camera.url(Fault.NONE))).captureTime().orElseThrow();
      assertThat(times.source()).isEqualTo(TimeSource.ARRIVAL);
      assertThat(times.senderClockOffsetMicros())
          .isLessThan(
              -ChronoUnit.MICROS.between(Instant.EPOCH, Instant.parse("2020-01-01T00:00:00Z")));
      assertThatThrownBy(() -> probe.probe(SourceUri.parse(camera.url(Fault.AUDIO_ONLY))))
          .isInstanceOf(UserException.class)
          .hasMessage("the camera at 127.0.0.1:" + camera.port() + " has no video");
      assertThatThrownBy(
              () ->
                  probe(Duration.ofSeconds(1)).probe(SourceUri.parse(camera.url(Fault.BLACK_HOLE))))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("sent no picture within 1 s");
    }
    assertThatThrownBy(() -> probe.probe(SourceUri.parse("file:../x.mp4")))
        .isInstanceOf(UserException.class);
  }

  @Test
  void judgesAClockByItsStepsAndItsPace() {
    assertThat(clock(100_000, 100_000).verdict()).isEqualTo(SourceReport.Clock.STEADY);
    assertThat(clock(100_000, 50_000).verdict()).isEqualTo(SourceReport.Clock.FAST);
    assertThat(clock(100_000, 200_000).verdict()).isEqualTo(SourceReport.Clock.SLOW);
    assertThat(new ClockCheck(times(1, 5), times(1000, 5), true).verdict())
        .isEqualTo(SourceReport.Clock.UNKNOWN);
    List<Long> jump = List.of(0L, 100L, 200L, 300L, 400L, 5000L, 5100L);
    assertThat(new ClockCheck(jump, times(100_000, 7), false).verdict())
        .isEqualTo(SourceReport.Clock.UNEVEN);
    assertThat(clock(40_000, 40_000).framesPerSecond()).isEqualTo(25);
  }

  private static ClockCheck clock(long mediaMicros, long arrivalMicros) {
    return new ClockCheck(times(mediaMicros, 20), times(arrivalMicros * 1000, 20), true);
  }

  private static List<Long> times(long step, int count) {
    return LongStream.range(0, count).mapToObj(i -> i * step).toList();
  }

  private SourceProbe probe(Duration patience) {
    List<Setting<?>> known = Setting.all(RuntimeSettings.ALL, IngestSettings.ALL);
    return new SourceProbe(
        Settings.load(home, known, Map.of(), Map.of()),
        SecretBox.open(home.resolve("secret.key")),
        patience);
  }
}
