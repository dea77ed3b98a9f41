package io.moodline.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SourceUriTest {
  @Test
  void keepsCredentialsOutOfEverythingThatIsShown() {
    SourceUri uri = SourceUri.parse("rtsp://admin:p%40ss:w0rd@Camera-1.lan:8554/live?x=1");
    assertThat(uri.toString()).isEqualTo("rtsp://camera-1.lan:8554/live?x=1");
    assertThat(uri.credentials().orElseThrow().reveal()).isEqualTo("admin:p%40ss:w0rd");
    assertThat(uri.credentials().orElseThrow()).hasToString("***");
    assertThat(uri.host()).isEqualTo("camera-1.lan");
    assertThat(uri.port()).isEqualTo(8554);
    assertThat(uri.path()).isEqualTo("/live?x=1");
  }

  @ParameterizedTest
  @CsvSource({
    "rtsp://192.168.1.20/stream, RTSP, 554",
    "rtsps://[fe80::1]:7441/x, RTSPS, 7441",
    "rtsp://cam, RTSP, 554",
    "webcam:0, WEBCAM, -1",
    "file:/media/talk.mp4, FILE, -1",
    "file:///media/talk.mp4, FILE, -1",
    "file:talk.mp4, FILE, -1"
  })
  void readsWhatIsListed(String text, SourceUri.Scheme scheme, int port) {
    SourceUri uri = SourceUri.parse(text);
    assertThat(uri.scheme()).isEqualTo(scheme);
    assertThat(uri.port()).isEqualTo(port);
    assertThat(uri.isLive()).isEqualTo(scheme != SourceUri.Scheme.FILE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "lobby",
        "http://host/x",
        "exec:ls",
        "concat:a|b",
        "rtsp://0177.0.0.1/x",
        "rtsp://0x7f000001/x",
        "rtsp://2130706433/x",
        "rtsp://127.1/x",
        "rtsp://127.0.0.1./x",
        "rtsp://256.1.1.1/x",
        "rtsp://host:99999/x",
        "rtsp://a@b@host/x",
        "rtsp://ho st/x",
        "rtsp://host\\@evil/x",
        "rtsp://host/x#y",
        "rtsp://host/\nx",
        "webcam:front",
        "file:",
        "file://server/share.mp4"
      })
  void refusesWhatItDoesNotFullyUnderstand(String text) {
    assertThatThrownBy(() -> SourceUri.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void namesTheUnknownScheme() {
    assertThatThrownBy(() -> SourceUri.parse("gopher://x"))
        .hasMessageContainingAll("gopher", "rtsp", "webcam", "file");
  }

  @Test
  void refusalsNeverRepeatAPassword() {
    assertThatThrownBy(() -> SourceUri.parse("rtsp://admin:CANARY@host:99999/x"))
        .extracting(Throwable::getMessage)
        .asString()
        .doesNotContain("CANARY");
    assertThatThrownBy(() -> SourceUri.parse("rtsp://admin:CANARY@0x7f/x"))
        .extracting(Throwable::getMessage)
        .asString()
        .doesNotContain("CANARY");
  }
}
