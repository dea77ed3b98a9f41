package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SenderReportTest {
  private static final Instant NOW = Instant.parse("2026-11-26T09:30:00.250Z");
  private static final byte[] RECEIVER_REPORT = {(byte) 0x80, (byte) 201, 0, 1, 0, 0, 0, 7};
  private static final byte[] NAMES = {
    (byte) 0x81, (byte) 202, 0, 3, 0, 0, 0, 7, 1, 4, 'd', 'o', 'o', 'r', 0, 0
  };

  @Test
  void saysWhatTheMediaClockShowedAtATimeOfTheWall() {
    assertThat(SenderReport.parse(bytes(7, NOW, 90_000)))
        .contains(new SenderReport(7, micros(NOW), 90_000));
    assertThat(SenderReport.parse(bytes(-7, NOW, -1)))
        .contains(new SenderReport(-7, micros(NOW), -1));
  }

  @Test
  void isFoundAmongTheOtherPartsOfAPacket() {
    byte[] report = bytes(7, NOW, 90_000);
    for (byte[] packet :
        new byte[][] {
          join(report, NAMES), join(NAMES, report, NAMES), join(RECEIVER_REPORT, report)
        }) {
      assertThat(SenderReport.parse(packet)).isPresent();
    }
    assertThat(SenderReport.parse(join(report, bytes(8, NOW, 1))).orElseThrow().source())
        .isEqualTo(7);
    byte[] withBlock = Arrays.copyOf(report, 28 + 24);
    withBlock[0] = (byte) 0x81;
    withBlock[3] = 12;
    assertThat(SenderReport.parse(withBlock)).isPresent();
  }

  @Test
  void isNoneWithoutATimeOfTheWall() {
    byte[] report = bytes(7, NOW, 90_000);
    Arrays.fill(report, 8, 16, (byte) 0);
    assertThat(SenderReport.parse(report)).isEmpty();
    assertThat(SenderReport.parse(join(RECEIVER_REPORT, NAMES))).isEmpty();
  }

  @Test
  void knowsTimesBefore1970AndBehind2036() {
    for (String time : new String[] {"1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"}) {
      assertThat(epochMicros(time)).isEqualTo(micros(Instant.parse(time)));
    }
    assertThat(epochMicros("2036-02-07T06:28:15Z"))
        .isEqualTo(micros(Instant.parse("2036-02-07T06:28:15Z")));
    assertThat(epochMicros("2040-01-01T00:00:00Z"))
        .isEqualTo(micros(Instant.parse("2040-01-01T00:00:00Z")));
  }

  @Test
  void isNoneWhereLengthsLie() {
    byte[] report = bytes(7, NOW, 90_000);
    for (int length = 0; length < report.length; length++) {
      assertThat(SenderReport.parse(Arrays.copyOf(report, length))).isEmpty();
    }
    byte[] tooLong = report.clone();
    tooLong[2] = (byte) 0xFF;
    byte[] tooShort = report.clone();
    tooShort[3] = 5;
    byte[] moreBlocks = report.clone();
    moreBlocks[0] = (byte) 0x9F;
    byte[] otherVersion = report.clone();
    otherVersion[0] = 0x40;
    byte[] liarInFront = join(RECEIVER_REPORT, report);
    liarInFront[3] = 100;
    for (byte[] packet :
        new byte[][] {tooLong, tooShort, moreBlocks, otherVersion, liarInFront, new byte[0]}) {
      assertThat(SenderReport.parse(packet)).isEmpty();
    }
  }

  @Test
  void readsGarbageToItsEndAndNoFurther() {
    Random random = new Random(3);
    int found = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] packet = new byte[random.nextInt(120)];
      random.nextBytes(packet);
      for (int at = 0; at + 4 <= packet.length; at += 4 * (1 + random.nextInt(8))) {
        packet[at] = (byte) (0x80 | random.nextInt(3));
        packet[at + 1] = (byte) (200 + random.nextInt(3));
        packet[at + 2] = 0;
        packet[at + 3] = (byte) random.nextInt(10);
      }
      found += SenderReport.parse(packet).isPresent() ? 1 : 0;
    }
    assertThat(found).isBetween(1, 19_999);
  }

  private static long epochMicros(String time) {
    return SenderReport.parse(bytes(1, Instant.parse(time), 0)).orElseThrow().epochMicros();
  }

  private static long micros(Instant time) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, time);
  }

  /** A sender report without blocks. */
  static byte[] bytes(int source, Instant time, int rtpTime) {
    long parts = Math.round(time.getNano() * 4.294967296);
    return ByteBuffer.allocate(28)
        .put((byte) 0x80)
        .put((byte) 200)
        .putShort((short) 6)
        .putInt(source)
        .putInt((int) (time.getEpochSecond() + 2_208_988_800L))
        .putInt((int) parts)
        .putInt(rtpTime)
        .putInt(1)
        .putInt(1)
        .array();
  }

  private static byte[] join(byte[]... parts) {
    ByteBuffer all = ByteBuffer.allocate(Arrays.stream(parts).mapToInt(part -> part.length).sum());
    Arrays.stream(parts).forEach(all::put);
    return all.array();
  }
}
