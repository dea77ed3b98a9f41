package io.moodline.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VideoContainerTest {
  @Test
  void knowsContainersByTheirFirstBytes() {
    assertThat(VideoContainer.sniff(latin("\0\0\0\u0020ftypisom"))).contains(VideoContainer.MP4);
    assertThat(VideoContainer.sniff(latin("\u001a\u0045\u00df\u00a3more")))
        .contains(VideoContainer.MATROSKA);
    assertThat(VideoContainer.sniff(latin("RIFF\1\2\3\4AVI LIST"))).contains(VideoContainer.AVI);
    byte[] ts = new byte[600];
    ts[0] = ts[188] = ts[376] = 0x47;
    assertThat(VideoContainer.sniff(ts)).contains(VideoContainer.MPEG_TS);
    ts[376] = 0;
    assertThat(VideoContainer.sniff(ts)).isEmpty();
  }

  @Test
  void knowsBareStreamsByTheirFirstUnit() {
    assertThat(VideoContainer.sniff(latin("\0\0\0\1\u0067\u0042"))).contains(VideoContainer.H264);
    assertThat(VideoContainer.sniff(latin("\0\0\1\t\u00f0"))).contains(VideoContainer.H264);
    assertThat(VideoContainer.sniff(latin("\0\0\0\1\u0040\1"))).contains(VideoContainer.HEVC);
    assertThat(VideoContainer.sniff(latin("\0\0\1\u00b3"))).contains(VideoContainer.MPEG_VIDEO);
    assertThat(VideoContainer.sniff(latin("\0\0\1\u0001\2"))).isEmpty();
    assertThat(VideoContainer.sniff(latin("\0\0\1"))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a",
        "#EXTM3U\n#EXT-X-VERSION:3\n",
        "ffconcat version 1.0\nfile /etc/passwd\n",
        "<?xml version=\"1.0\"?><MPD>",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\n",
        "just a text that was named talk.mp4",
        "RIFF1234WAVEfmt "
      })
  void refusesPlaylistsAndTexts(String head) {
    assertThat(VideoContainer.sniff(latin(head))).isEmpty();
  }

  private static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
