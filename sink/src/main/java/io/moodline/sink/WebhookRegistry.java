package io.moodline.sink;

import io.moodline.runtime.StageContext;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.Webhook;
import io.moodline.schemas.v1.WebhookStatus;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * All webhooks with how far they have come, kept in memory from {@code webhooks.v1} and {@code
 * webhook-status.v1}.
 *
 * <p>Threads: {@code sink-webhooks-read}. Thread-safe.
 */
final class WebhookRegistry implements AutoCloseable {
  private static final TopicCopy.Names NAMES =
      new TopicCopy.Names("sink-webhooks-read", "webhook", "webhooks");

  private final Topics topics;
  private final TopicCopy copy;
  // Guarded by the copy.
  private final Map<String, Webhook> webhooks = new TreeMap<>();
  private final Map<String, WebhookStatus> statuses = new HashMap<>();
  private final Map<String, Long> revisions = new HashMap<>();

  /** Starts to read. */
  WebhookRegistry(StageContext stage, ApiMetrics metrics) {
    this.topics = stage.kafka().topics();
    this.copy =
        new TopicCopy(stage, metrics, NAMES, List.of(topics.webhooks(), topics.webhookStatus()));
    copy.start(this::take, () -> {});
  }

  boolean isRead() {
    return copy.isRead();
  }

  List<Webhook> all() {
    return copy.ask(() -> List.copyOf(webhooks.values()));
  }

  Optional<Webhook> find(String id) {
    return copy.ask(() -> Optional.ofNullable(webhooks.get(id)));
  }

  Optional<WebhookStatus> status(String id) {
    return copy.look(() -> Optional.ofNullable(statuses.get(id)));
  }

  /** Grows over removals too. */
  long nextRevision(String id) {
    return copy.look(() -> 1 + revisions.getOrDefault(id, 0L));
  }

  /** Writes a webhook, or removes it, and returns when {@link #find} shows it. */
  void write(String id, @Nullable Webhook webhook) {
    copy.write(topics.webhooks(), id, webhook == null ? null : Serdes.WEBHOOK.encode(webhook));
    if (webhook == null) {
      copy.send(topics.webhookStatus(), id, null);
    }
  }

  /** Writes how far a webhook has come; a write that is lost costs deliveries that come twice. */
  void write(WebhookStatus status) {
    copy.send(topics.webhookStatus(), status.getWebhookId(), Serdes.WEBHOOK_STATUS.encode(status));
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    if (record.topic().equals(topics.webhooks())) {
      copy.take(record, Serdes.WEBHOOK, Webhook::getWebhookId, webhooks)
          .ifPresent(it -> revisions.merge(it.getWebhookId(), it.getRevision(), Math::max));
    } else {
      copy.take(record, Serdes.WEBHOOK_STATUS, WebhookStatus::getWebhookId, statuses);
    }
  }

  @Override
  public void close() {
    copy.close();
  }
}
