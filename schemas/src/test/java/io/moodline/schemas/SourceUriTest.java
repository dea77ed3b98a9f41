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
    "file:talk.mp4, FILE, -1",
    "http://cam/video.mjpg, HTTP, 80",
    "https://cam:8443/live/index.m3u8?x=1, HTTPS, 8443",
    "webcam:HD Pro Webcam C920, WEBCAM, -1",
    "webcam:0?size=1280x720&rate=30, WEBCAM, -1",
    "pictures:holiday?rate=0.5, PICTURES, -1",
    "synthetic:live?size=640x360&rate=25&faces=2&seed=7, SYNTHETIC, -1",
  })
  void readsWhatIsListed(String text, SourceUri.Scheme scheme, int port) {
    SourceUri uri = SourceUri.parse(text);
    assertThat(uri.scheme()).isEqualTo(scheme);
    assertThat(uri.port()).isEqualTo(port);
    assertThat(uri.isLive())
        .isEqualTo(scheme != SourceUri.Scheme.FILE && scheme != SourceUri.Scheme.PICTURES);
  }

  @Test
  void keepsItsOwnOptionsFromTheCamera() {
    SourceUri uri = SourceUri.parse("rtsp://cam/live?channel=1&transport=udp&sub=2");
    assertThat(uri.path()).isEqualTo("/live?channel=1&sub=2");
    assertThat(uri.option("transport")).hasValue("udp");
    assertThat(uri).hasToString("rtsp://cam/live?channel=1&transport=udp&sub=2");
    assertThat(SourceUri.parse("rtsp://cam/live?transport=tcp").path()).isEqualTo("/live");
    assertThat(SourceUri.parse("rtsp://cam?channel=1").path()).isEqualTo("/?channel=1");
    assertThat(SourceUri.parse("synthetic:recording?seconds=5").isLive()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "lobby",
        "ftp://host/x",
        "HTTP://host/x",
        "http://host/x\u00e9",
        "http://b\u00fccher/x",
        "https://0x7f.1/x",
        "rtsp://host/x?transport=multicast",
        "rtsp://host/x?transport=udp&transport=tcp",
        "synthetic:",
        "synthetic:live?size=9x9",
        "synthetic:live?shell=1",
        "webcam:0?rate=1e9",
        "webcam:../video0",
        "pictures:",
        "pictures:x?rate=0",
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
        "webcam:",
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
