package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class JpegHeaderTest {
  private static final byte[] GOOD = TestPictures.jpeg(TestPictures.plain(64, 48, 90));

  @Test
  void readsSizeAndKindWithoutDecoding() throws Exception {
    JpegHeader header = JpegHeader.read(GOOD);
    assertThat(header).isEqualTo(new JpegHeader(64, 48, 3, false, 1));
  }

  @Test
  void everyShorterPrefixIsBroken() {
    for (int length = 0; length < GOOD.length; length++) {
      byte[] cut = Arrays.copyOf(GOOD, length);
      assertThatThrownBy(() -> JpegHeader.read(cut))
          .as("%d bytes", length)
          .isInstanceOf(UnusablePictureException.class);
    }
  }

  @Test
  void refusesABombBeforeDecoding() {
    byte[] bomb = PoisonedFrames.sized(GOOD, 16_000, 16_000);
    assertThat(bomb).hasSizeLessThan(1000);
    assertThatThrownBy(() -> PictureDecoder.decodeFrame(bomb, 16_000, 16_000))
        .isInstanceOfSatisfying(
            UnusablePictureException.class,
            e -> assertThat(e.reason()).isEqualTo(FailReason.TOO_LARGE));
  }

  @Test
  void givesThePoisonItsReason() {
    for (Map.Entry<String, byte[]> poison : PoisonedFrames.byReason().entrySet()) {
      assertThatThrownBy(() -> PictureDecoder.decodeFrame(poison.getValue(), 512, 512))
          .as(poison.getKey())
          .isInstanceOfSatisfying(
              UnusablePictureException.class,
              e -> assertThat(poison.getKey()).startsWith(e.reason().name()));
    }
  }

  /** Frames are hostile: whatever the bytes, the answer is a picture of that size or a reason. */
  @Test
  void mutatedFramesGiveAPictureOrAReasonAndNothingElse() {
    byte[] good = TestPictures.jpeg(TestPictures.scaled(TestPictures.astronaut(), 64, 64));
    Random random = new Random(20261121);
    int pictures = 0;
    int refused = 0;
    for (int round = 0; round < 10_000; round++) {
      byte[] bytes = mutated(good, random);
      try {
        Picture picture = PictureDecoder.decodeFrame(bytes, 64, 64);
        assertThat(picture.rgb()).hasSize(64 * 64 * 3);
        pictures++;
      } catch (UnusablePictureException e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(1000);
    assertThat(pictures).isGreaterThan(100);
  }

  private static byte[] mutated(byte[] good, Random random) {
    byte[] bytes = good.clone();
    int changes = 1 + random.nextInt(8);
    for (int i = 0; i < changes; i++) {
      // Half of the changes hit the header, where the structure is.
      int at = random.nextInt(random.nextBoolean() ? Math.min(700, bytes.length) : bytes.length);
      bytes[at] = (byte) random.nextInt(256);
    }
    return random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
  }
}
