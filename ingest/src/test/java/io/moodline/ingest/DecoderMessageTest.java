package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DecoderMessageTest {
  private static final List<DecoderMessage> ONE_OF_EACH =
      List.of(
          new DecoderMessage.Open(
              7,
              "rtsp://user:pass@10.0.0.1:554/x",
              "rtsp",
              Map.of("timeout", "5"),
              true,
              true,
              new WantedFrames(5, WantedFrames.Mode.MOTION),
              1280,
              92,
              -1,
              new HardwareWish("cuda", "")),
          new DecoderMessage.Grant(7, 12),
          new DecoderMessage.Close(7),
          new DecoderMessage.Opened(7, "h264", 640, 360, 25, 5, 30_000_000),
          new DecoderMessage.Decoder(7, "software", "cuda: Cannot load libcuda.so.1"),
          new DecoderMessage.Picture(
              7, 200_000, 18_000, 2.5, 1, 640, 360, new byte[] {-1, -40, 1, 2, 3}),
          new DecoderMessage.Ended(7),
          new DecoderMessage.Failed(7, true, "does not answer"),
          new DecoderMessage.Ready(),
          new DecoderMessage.Heartbeat(-1, 0, 20));

  @Test
  void comesBackAsItWasWritten() throws IOException {
    var in = new ByteArrayInputStream(bytes(ONE_OF_EACH));
    for (DecoderMessage message : ONE_OF_EACH) {
      assertThat(DecoderMessage.read(in)).usingRecursiveComparison().isEqualTo(message);
    }
    assertThatThrownBy(() -> DecoderMessage.read(in)).isInstanceOf(EOFException.class);
  }

  @Test
  void showsNoAddressInItsText() {
    assertThat(ONE_OF_EACH.get(0).toString()).doesNotContain("pass").doesNotContain("10.0.0.1");
  }

  @Test
  void refusesLengthsThatCanNotBeBeforeAllocating() {
    for (int length : new int[] {-1, Integer.MIN_VALUE, 0, 4, DecoderMessage.MAX_BYTES + 1}) {
      byte[] head = java.nio.ByteBuffer.allocate(8).putInt(length).putInt(0).array();
      assertThatThrownBy(() -> DecoderMessage.read(new ByteArrayInputStream(head)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("impossible length");
    }
  }

  @Test
  void survivesTenThousandMutatedMessages() throws IOException {
    Random random = new Random(20261121);
    int read = 0;
    int refused = 0;
    for (int i = 0; i < 10_000; i++) {
      byte[] bytes = bytes(List.of(ONE_OF_EACH.get(random.nextInt(ONE_OF_EACH.size()))));
      for (int flips = 1 + random.nextInt(6); flips > 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      int kept = random.nextInt(4) == 0 ? random.nextInt(bytes.length) : bytes.length;
      try {
        DecoderMessage.read(new ByteArrayInputStream(bytes, 0, kept));
        read++;
      } catch (IOException e) {
        refused++; // the one kind of exception that is expected
      }
    }
    assertThat(read).isPositive();
    assertThat(refused).isPositive();
    assertThat(read + refused).isEqualTo(10_000);
  }

  private static byte[] bytes(List<DecoderMessage> messages) throws IOException {
    var out = new ByteArrayOutputStream();
    for (DecoderMessage message : messages) {
      DecoderMessage.write(out, message);
    }
    return out.toByteArray();
  }
}
