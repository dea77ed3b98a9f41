package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.UserException;
import io.moodline.schemas.v1.DesiredState;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamSpec;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(240)
class SourceOrdersTest {
  static {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(60));
  }

  @TempDir Path folder;

  @Test
  void keepsNobodyWaitingForNamesThatAreNotAnswered() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    AtomicInteger asked = new AtomicInteger();
    AddressPolicy policy =
        new AddressPolicy(
            host -> {
              if (host.startsWith("dead")) {
                asked.incrementAndGet();
                await(over);
                throw new UnknownHostException(host);
              }
              return new InetAddress[] {InetAddress.getByName("127.0.0.1")};
            },
            List.of());
    Path media = Files.createDirectories(folder.resolve("media"));
    Files.write(media.resolve("talk.mp4"), "\0\0\0\u0018ftypisom".getBytes("ISO-8859-1"));
    try (SourceOrders orders = orders(policy)) {
      List<CompletableFuture<DecodeOrder>> dead = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        dead.add(orders.order(spec("rtsp://dead" + i % 20 + ".example/x").build(), -1));
      }
      assertThat(network(orders.order(spec("rtsp://127.0.0.1/x").build(), -1))).isNotNull();
      assertThat(named(orders, "rtsp://alive.example/x")).isNotNull();
      assertThat(orders.order(spec("file:talk.mp4").build(), -1).get(60, TimeUnit.SECONDS))
          .isInstanceOf(DecodeOrder.Recording.class);
      assertThat(orders.ask(() -> "key").get(60, TimeUnit.SECONDS)).isEqualTo("key");
      for (CompletableFuture<DecodeOrder> order : dead) {
        assertThat(failure(order)).isInstanceOf(SourceException.class).hasMessageContaining("host");
      }
      Awaitility.await().until(() -> asked.get() >= 20);
      assertThat(asked).as("each name once at a time").hasValue(20);
      over.countDown();
    }
  }

  @Test
  void tellsWhatAPersonCanMendFromWhatTheRequestItselfForbids() {
    AddressPolicy policy =
        new AddressPolicy(host -> new InetAddress[] {InetAddress.getByName("0.0.0.0")}, List.of());
    try (SourceOrders orders = orders(policy)) {
      assertRefused(orders, spec("rtsp://camera.example/x"));
      assertRefused(orders, spec("rtsp://127.0.0.1/x"));
      assertRefused(orders, spec("file:missing.mp4"));
      assertRefused(
          orders, spec("rtsp://127.0.0.1/x").setSealedCredentials(ByteBuffer.wrap(new byte[40])));
      for (StreamSpec.Builder never :
          List.of(
              spec("gopher://127.0.0.1/x"), spec("rtsp://127.0.0.1/x").setPurpose("education"))) {
        assertThat(failure(orders.order(never.build(), -1))).isInstanceOf(UserException.class);
      }
    }
  }

  @Test
  void passesOverTheLinkLocalAddressThatACameraHasBesideItsOwn() throws Exception {
    AddressPolicy policy =
        new AddressPolicy(
            host ->
                new InetAddress[] {
                  InetAddress.getByName("fe80::1"), InetAddress.getByName("192.168.7.20")
                },
            List.of());
    try (SourceOrders orders = orders(policy)) {
      var order = named(orders, "rtsp://camera.example/x");
      assertThat(order.address().getHostAddress()).isEqualTo("192.168.7.20");
    }
  }

  private static void assertRefused(SourceOrders orders, StreamSpec.Builder spec) {
    Awaitility.await() // a machine that stands still may let a name's time pass
        .untilAsserted(
            () ->
                assertThat(failure(orders.order(spec.build(), -1)))
                    .isInstanceOfSatisfying(
                        SourceException.class, known -> assertThat(known.isRefused()).isTrue()));
  }

  private static DecodeOrder.Network named(SourceOrders orders, String source) {
    return Awaitility.await()
        .ignoreExceptions()
        .until(() -> network(orders.order(spec(source).build(), -1)), order -> order != null);
  }

  private SourceOrders orders(AddressPolicy policy) {
    return new SourceOrders(
        MediaFolder.open(folder.resolve("media")),
        SecretBox.open(folder.resolve("secret.key")),
        policy);
  }

  private static DecodeOrder.Network network(CompletableFuture<DecodeOrder> order)
      throws Exception {
    return (DecodeOrder.Network) order.get(60, TimeUnit.SECONDS);
  }

  private static Throwable failure(CompletableFuture<DecodeOrder> order) {
    return catchThrowable(() -> order.get(60, TimeUnit.SECONDS)).getCause();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static StreamSpec.Builder spec(String source) {
    return StreamSpec.newBuilder()
        .setStreamId("lobby")
        .setName("Lobby")
        .setLabels(Map.of())
        .setSource(source)
        .setKind(source.startsWith("file") ? StreamKind.RECORDING : StreamKind.LIVE)
        .setTargetFramesPerSecond(5)
        .setPurpose("research")
        .setDesiredState(DesiredState.RUNNING)
        .setRevision(1)
        .setCreatedAt(Instant.EPOCH)
        .setUpdatedAt(Instant.EPOCH);
  }
}
