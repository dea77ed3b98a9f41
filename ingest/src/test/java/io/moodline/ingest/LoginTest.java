package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.SourceUri;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoginTest {
  private final Login login =
      Login.of(SourceUri.parse("rtsp://viewer:secret@127.0.0.1/x")).orElseThrow();

  @Test
  void takesANewQuestionForAnOldOneAndCountsItsUsesAnew() {
    assertThat(login.challenged(List.of(digest("one")))).isTrue();
    for (int i = 1; i <= 20; i++) {
      assertThat(answer()).contains("nonce=\"one\"", String.format("nc=%08x", i));
    }
    assertThat(login.challenged(List.of(digest("two") + ", stale=true"))).isTrue();
    assertThat(answer()).contains("nonce=\"two\"", "nc=00000001");
    answer();
    assertThat(login.challenged(List.of(digest("three")))).as("it had let us in").isTrue();
    assertThat(answer()).contains("nonce=\"three\"", "nc=00000001");
  }

  @Test
  void givesUpWhereItsAnswerIsRefusedOrAlwaysTooLate() {
    assertThat(login.challenged(List.of(digest("one")))).isTrue();
    answer();
    assertThat(login.challenged(List.of(digest("two")))).as("a wrong password").isFalse();
    int renewed = 0;
    while (renewed < 100 && login.challenged(List.of(digest("n" + renewed) + ", stale=true"))) {
      answer();
      renewed++;
    }
    assertThat(renewed).isBetween(1, 10);
  }

  private String answer() {
    return login.authorization("OPTIONS", "rtsp://127.0.0.1/x").orElseThrow();
  }

  private static String digest(String nonce) {
    return "Digest realm=\"camera\", qop=\"auth\", nonce=\"" + nonce + "\"";
  }
}
