package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.moodline.schemas.SourceUri;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class DialerTest {
  /** Head of a TLS record of 16 KiB: a handshake that comes byte by byte. */
  private static final byte[] RECORD = {0x16, 3, 3, 0x40, 0};

  private final CountDownLatch over = new CountDownLatch(1);

  @Test
  @Timeout(120)
  void givesUpAHandshakeThatDrips() throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread server = new Thread(() -> drip(listening), "test-drip");
      server.start();
      SourceUri uri = SourceUri.parse("rtsps://127.0.0.1:" + listening.getLocalPort() + "/x");
      Duration second = Duration.ofSeconds(1);
      Dialer dialer = Dialer.of("", new Dialer.Patience(second, second, second));
      IOException end =
          catchThrowableOfType(
              IOException.class,
              () -> dialer.dial(uri, InetAddress.getLoopbackAddress(), socket -> {}));
      assertThat(SourceException.network(end, false)).hasMessage("does not answer");
      over.countDown();
      server.join();
    }
  }

  private void drip(ServerSocket listening) {
    try (Socket client = listening.accept()) {
      OutputStream out = client.getOutputStream();
      out.write(RECORD);
      while (!over.await(20, TimeUnit.MILLISECONDS)) {
        out.write(0);
        out.flush();
      }
    } catch (IOException | InterruptedException e) {
      // the client is gone
    }
  }
}
