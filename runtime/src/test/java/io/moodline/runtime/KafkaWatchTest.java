package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.moodline.schemas.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(400)
class KafkaWatchTest {
  @TempDir Path home;

  @Test
  void saysWhenKafkaIsAwayAndWhenItIsBack() throws Exception {
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    Health health = new Health();
    EmbeddedBroker broker = EmbeddedBroker.start(home.resolve("data"), 0);
    String address = broker.bootstrapServers();
    int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    KafkaConnection kafka = new KafkaConnection(address, new Topics("moodline"), 1);
    try (KafkaWatch watch =
        KafkaWatch.start(kafka, health, (thread, cause) -> failures.add(cause))) {
      awaitReady(health, true);
      broker.close();
      awaitReady(health, false);
      assertThat(health.parts().get(0).reason()).contains("no broker answers");
      broker = EmbeddedBroker.start(home.resolve("data"), port);
      awaitReady(health, true);
    } finally {
      broker.close();
    }
    assertThat(failures).isEmpty();
  }

  private static void awaitReady(Health health, boolean ready) {
    await().atMost(Duration.ofMinutes(2)).until(() -> health.isReady() == ready);
  }
}
