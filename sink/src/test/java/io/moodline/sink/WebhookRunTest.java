package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.v1.Webhook;
import io.moodline.schemas.v1.WebhookState;
import io.moodline.schemas.v1.WebhookStatus;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.Test;

class WebhookRunTest {
  private Instant now = Instant.EPOCH;
  private final List<WebhookStatus> written = new ArrayList<>();

  private final Clock clock =
      new Clock() {
        @Override
        public Instant instant() {
          return now;
        }

        @Override
        public ZoneId getZone() {
          return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
          return this;
        }
      };

  /** The log forgets after 30 days what a webhook that is rarely told anything never asked for. */
  @Test
  void writesHowFarItReadWithoutAnythingToDeliver() {
    ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1);
    WebhookRun run = run(executor);
    EventChannel channel = new WebhookChannel("rare", run::began, run::passed, run);
    channel.heartbeat("emotions:0:5");
    assertThat(written).as("not at once").isEmpty();
    now = now.plus(Duration.ofMinutes(2));
    channel.heartbeat("emotions:0:7");
    assertThat(written).hasSize(1);
    assertThat(written.get(0).getPosition()).isEqualTo("emotions:0:7");
    assertThat(written.get(0).getDelivered()).isEqualTo(3);
    assertThat(written.get(0).getState()).isEqualTo(WebhookState.ACTIVE);
    channel.heartbeat("emotions:0:8");
    assertThat(written).as("not each time").hasSize(1);
    now = now.plus(Duration.ofMinutes(2));
    channel.heartbeat("emotions:0:7");
    assertThat(written).as("nothing new").hasSize(1);
    run.close();
    channel.heartbeat("emotions:0:9");
    assertThat(written).as("another instance may have it").hasSize(1);
    executor.shutdownNow();
  }

  private WebhookRun run(ScheduledThreadPoolExecutor executor) {
    Webhook webhook =
        Webhook.newBuilder()
            .setWebhookId("rare")
            .setUrl("http://127.0.0.1:1/")
            .setStreams(List.of())
            .setEvents(List.of())
            .setLabels(List.of("disgust"))
            .setMinScore(0.9)
            .setSealedSecret(ByteBuffer.allocate(0))
            .setRevision(1)
            .setCreatedAt(now)
            .setUpdatedAt(now)
            .build();
    WebhookStatus beginning =
        WebhookStatus.newBuilder()
            .setWebhookId("rare")
            .setRevision(1)
            .setState(WebhookState.ACTIVE)
            .setPosition("emotions:0:1")
            .setDelivered(3)
            .setSince(now)
            .build();
    return new WebhookRun(
        webhook,
        "a secret of some length",
        new WebhookAddresses(true, ""),
        Duration.ofHours(1),
        executor,
        clock,
        beginning,
        written::add);
  }
}
