package io.moodline.sink;

import io.moodline.runtime.SecretBox;
import io.moodline.runtime.UserException;
import io.moodline.schemas.v1.Webhook;
import io.moodline.schemas.v1.WebhookState;
import io.moodline.schemas.v1.WebhookStatus;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Delivers one revision of a webhook: one block at a time, in order, each again and again until it
 * is answered with 2xx, with pauses that double up to five minutes; then the position is written. A
 * block that fails for longer than {@code webhooks.dead-after} ends the run. A block may arrive
 * twice, after a kill in between; its events' ids tell.
 *
 * <p>Threads: deliveries run on the executor, one at a time. Thread-safe.
 */
final class WebhookRun implements WebhookChannel.Delivery {
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LAST_PAUSE = Duration.ofMinutes(5);

  /** How far the log was read without anything for the webhook is written so often. */
  private static final Duration POSITION_PAUSE = Duration.ofMinutes(1);

  private static final Logger log = LoggerFactory.getLogger(WebhookRun.class);

  private final Webhook webhook;
  private final URI url;
  private final byte[] secret;
  private final WebhookAddresses addresses;
  private final Duration deadAfter;
  private final ScheduledExecutorService executor;
  private final Clock clock;
  private final Consumer<WebhookStatus> report;
  private volatile WebhookStatus status;
  private volatile Instant written;
  private volatile boolean closed;

  /**
   * A run.
   *
   * @param secret what deliveries are signed with
   * @param status where it begins
   * @param report is told of each change
   */
  WebhookRun(
      Webhook webhook,
      String secret,
      WebhookAddresses addresses,
      Duration deadAfter,
      ScheduledExecutorService executor,
      Clock clock,
      WebhookStatus status,
      Consumer<WebhookStatus> report) {
    this.webhook = webhook;
    this.url = URI.create(webhook.getUrl());
    this.secret = secret.getBytes(StandardCharsets.UTF_8);
    this.addresses = addresses;
    this.deadAfter = deadAfter;
    this.executor = executor;
    this.clock = clock;
    this.status = status;
    this.written = clock.instant();
    this.report = report;
  }

  /** What a webhook's secret is sealed for. */
  static String sealedFor(String webhookId) {
    return "webhook/" + webhookId;
  }

  /** A webhook's secret; empty where it was sealed with another key, which may be lost. */
  static Optional<String> unseal(Webhook webhook, SecretBox secrets) {
    ByteBuffer sealed = webhook.getSealedSecret().duplicate();
    byte[] bytes = new byte[sealed.remaining()];
    sealed.get(bytes);
    try {
      return Optional.of(secrets.unseal(bytes, sealedFor(webhook.getWebhookId())));
    } catch (UserException e) {
      return Optional.empty();
    }
  }

  /** The subscription stands here: from now on nothing is lost. */
  void began(String id) {
    if (status.getPosition().isEmpty()) {
      report(WebhookState.ACTIVE, id, 0, null);
    }
  }

  /**
   * Everything up to here was delivered or is nothing for this webhook. That is written now and
   * then: a webhook that is rarely told anything would else begin so far back that the log no
   * longer holds it.
   */
  void passed(String id) {
    boolean due = !clock.instant().isBefore(written.plus(POSITION_PAUSE));
    if (due && !closed && !id.equals(status.getPosition())) {
      report(WebhookState.ACTIVE, id, 0, null);
    }
  }

  @Override
  public void deliver(WebhookChannel.Block block, Callback done) {
    String delivery = UUID.randomUUID().toString();
    executor.execute(() -> attempt(block, delivery, done, FIRST_PAUSE, System.nanoTime()));
  }

  private void attempt(
      WebhookChannel.Block block, String delivery, Callback done, Duration pause, long firstTry) {
    if (closed) {
      done.failed(new IOException("the webhook is closed"));
      return;
    }
    String trouble = post(block, delivery);
    if (trouble.isEmpty()) {
      report(WebhookState.ACTIVE, block.lastId(), block.events(), null);
      done.succeeded();
      return;
    }
    if (System.nanoTime() - firstTry > deadAfter.toNanos()) {
      log.atWarn().addKeyValue("webhook", webhook.getWebhookId()).log("webhook given up");
      report(WebhookState.DEAD, status.getPosition(), 0, trouble);
      done.failed(new IOException(trouble));
      return;
    }
    report(WebhookState.RETRYING, status.getPosition(), 0, trouble);
    Duration next =
        pause.multipliedBy(2).compareTo(LAST_PAUSE) < 0 ? pause.multipliedBy(2) : LAST_PAUSE;
    executor.schedule(
        () -> attempt(block, delivery, done, next, firstTry),
        pause.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  /** What went wrong; empty when nothing did. */
  private String post(WebhookChannel.Block block, String delivery) {
    String timestamp = Long.toString(clock.instant().getEpochSecond());
    try {
      int answer =
          WebhookPost.send(
              addresses.resolve(url),
              url,
              Map.of(
                  "Content-Type",
                  "application/json",
                  "User-Agent",
                  "Moodline",
                  "Moodline-Delivery",
                  delivery,
                  "Moodline-Timestamp",
                  timestamp,
                  "Moodline-Signature",
                  "v1=" + sign(secret, timestamp, block.body())),
              block.body());
      return answer / 100 == 2 ? "" : "it answered with status " + answer;
    } catch (UserException e) {
      return "refused: " + e.getMessage();
    } catch (IOException e) {
      return "no connection: " + e.getClass().getSimpleName();
    }
  }

  /** HMAC-SHA256 of the timestamp, a dot and the body, hexadecimal. */
  static String sign(byte[] secret, String timestamp, byte[] body) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      mac.update((timestamp + ".").getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(mac.doFinal(body));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }

  private void report(WebhookState state, String position, int delivered, @Nullable String reason) {
    WebhookStatus before = status;
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    status =
        WebhookStatus.newBuilder()
            .setWebhookId(webhook.getWebhookId())
            .setRevision(webhook.getRevision())
            .setState(state)
            .setPosition(position)
            .setDelivered(before.getDelivered() + delivered)
            .setReason(reason)
            .setSince(before.getState() == state ? before.getSince() : now)
            .build();
    written = now;
    report.accept(status);
  }

  /** Nothing is sent any more but what is under way. */
  void close() {
    closed = true;
  }
}
