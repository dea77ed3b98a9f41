package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 300, unit = TimeUnit.SECONDS)
class H264SizeTest {
  @TempDir Path folder;

  @Test
  void readsWhatEncodersWriteAndWhatNoOneMayDecode() throws Exception {
    byte[] real = TestMedia.make(folder, 320, 240).pictures.get(0).get(0);
    byte[] huge = TestMedia.hugeParameters();
    assertThat(H264Size.ofPayload(real)).hasValue(new H264Size(320, 240));
    assertThat(H264Size.ofPayload(huge)).hasValue(new H264Size(10_000, 10_000));
    assertThat(H264Size.ofPayload(huge).orElseThrow().isTooLarge()).isTrue();
    assertThat(H264Size.ofPayload(real).orElseThrow().isTooLarge()).isFalse();
    byte[] together =
        ByteBuffer.allocate(huge.length + 7)
            .put((byte) 24)
            .putShort((short) 2)
            .put(new byte[] {9, 16})
            .putShort((short) huge.length)
            .put(huge)
            .array();
    assertThat(H264Size.ofPayload(together)).hasValue(new H264Size(10_000, 10_000));
    String described = "sprop-parameter-sets=" + Base64.getEncoder().encodeToString(real) + ",aM4=";
    assertThat(H264Size.ofParameters(described)).hasValue(new H264Size(320, 240));
  }

  @Test
  void livesThroughWhatIsNoParameterSet() {
    Random random = new Random(3);
    for (int i = 0; i < 20_000; i++) {
      byte[] unit = new byte[random.nextInt(40)];
      random.nextBytes(unit);
      if (unit.length > 0 && i % 2 == 0) {
        unit[0] = (byte) (i % 4 == 0 ? 0x67 : 24);
      }
      assertThat(H264Size.ofPayload(unit)).isNotNull();
    }
    assertThat(H264Size.ofParameters("packetization-mode=1")).isEmpty();
    assertThat(H264Size.ofParameters("sprop-parameter-sets=,,=")).isEmpty();
  }
}
