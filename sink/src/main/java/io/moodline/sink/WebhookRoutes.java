package io.moodline.sink;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.Worker;
import io.moodline.schemas.v1.Webhook;
import io.moodline.schemas.v1.WebhookState;
import io.moodline.schemas.v1.WebhookStatus;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * Webhooks: subscriptions that this installation delivers by itself. A consumer group on {@code
 * webhooks.v1} decides which instance delivers which: the one that owns the webhook's partition. A
 * new owner goes on after the position that was written last.
 *
 * <p>Threads: {@code sink-webhooks} is the group's member and starts and ends deliveries; {@code
 * sink-webhooks-send-<n>} deliver. Thread-safe.
 */
final class WebhookRoutes implements Resource, AutoCloseable {
  private static final Set<String> FIELDS =
      Set.of("url", "streams", "events", "labels", "minScore", "secret");
  private static final Duration POLL = Duration.ofMillis(500);
  private static final int MIN_SECRET = 16;
  private static final int SECRET_BYTES = 32;
  private static final int MAX_WEBHOOKS = 200;
  private static final int SEND_THREADS = 8;
  private static final String OTHER_KEY = "its secret was sealed with another key";
  private static final String OTHER_KEY_REMEDY =
      OTHER_KEY + ": give secret.key.file that one again, or put the webhook again with its secret";

  private record Running(Webhook webhook, WebhookRun run, EventReader reader) {}

  private final StageContext stage;
  private final EventRoutes events;
  private final WebhookAddresses addresses;
  private final WebhookRegistry registry;
  private final ScheduledExecutorService senders;
  private final KafkaConsumer<byte[], byte[]> member;
  private final Set<Integer> owned = ConcurrentHashMap.newKeySet();
  private final Map<String, Running> running = new HashMap<>(); // confined to sink-webhooks
  private final ReentrantLock writing = new ReentrantLock();
  private final SecureRandom random = new SecureRandom();
  private final Worker worker;

  WebhookRoutes(StageContext stage, EventRoutes events, ApiMetrics metrics) {
    this.stage = stage;
    this.events = events;
    this.addresses =
        new WebhookAddresses(
            Access.isLoopback(stage.settings()),
            stage.settings().get(SinkSettings.WEBHOOK_NETWORKS));
    this.registry = new WebhookRegistry(stage, metrics);
    AtomicInteger number = new AtomicInteger();
    this.senders =
        Executors.newScheduledThreadPool(
            SEND_THREADS,
            task -> {
              Thread thread = new Thread(task, "sink-webhooks-send-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    this.member =
        stage.kafka().groupConsumer("sink-webhooks", stage.kafka().group("webhooks"), Map.of());
    this.worker = Worker.start("sink-webhooks", this::work, member::wakeup, stage.failures());
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.get("/api/v1/webhooks", Role.VIEWER, this::list),
        Route.put("/api/v1/webhooks/{id}", Role.OPERATOR, this::put),
        Route.get("/api/v1/webhooks/{id}", Role.VIEWER, this::get),
        Route.delete("/api/v1/webhooks/{id}", Role.OPERATOR, this::delete));
  }

  private void list(Context ctx) {
    Page page = Page.read(ctx);
    Answers.json(ctx, 200, page.of("webhooks", registry.all(), Webhook::getWebhookId, this::json));
  }

  private void get(Context ctx) {
    String id = StreamRoutes.id(ctx);
    answer(ctx, 200, registry.find(id).orElseThrow(() -> unknown(id)));
  }

  private void put(Context ctx) {
    String id = StreamRoutes.id(ctx);
    JsonBody body = JsonBody.read(ctx, FIELDS);
    String url =
        WebhookAddresses.parse(
                body.text("url", 2000).orElseThrow(() -> Problem.unprocessable("a url is missing")))
            .toString();
    EventFilter.of(
        Set.copyOf(body.words("streams")),
        Set.copyOf(body.words("events")),
        Set.copyOf(body.words("labels")),
        body.number("minScore").orElse(0));
    Optional<String> secret = body.text("secret", 200);
    if (secret.filter(it -> it.length() < MIN_SECRET).isPresent()) {
      throw Problem.unprocessable("the secret is shorter than " + MIN_SECRET + " characters");
    }
    writing.lock();
    try {
      put(ctx, id, url, body, secret, Precondition.read(ctx));
    } finally {
      writing.unlock();
    }
  }

  private void put(
      Context ctx,
      String id,
      String url,
      JsonBody body,
      Optional<String> secret,
      Precondition demand) {
    Optional<Webhook> before = registry.find(id);
    demand.check(before.map(Webhook::getRevision));
    if (before.isEmpty() && registry.all().size() >= MAX_WEBHOOKS) {
      throw Problem.unprocessable("there are " + MAX_WEBHOOKS + " webhooks already");
    }
    String made = before.isEmpty() && secret.isEmpty() ? freshSecret() : null;
    Webhook.Builder builder =
        Webhook.newBuilder()
            .setWebhookId(id)
            .setUrl(url)
            .setStreams(body.words("streams"))
            .setEvents(body.words("events"))
            .setLabels(body.words("labels"))
            .setMinScore(body.number("minScore").orElse(0))
            .setSealedSecret(sealed(id, before, made == null ? secret : Optional.of(made)));
    Webhook written = write(id, before, builder);
    ObjectNode shown = json(written);
    if (made != null) {
      shown.put("secret", made); // this once
    }
    Precondition.tag(ctx, written.getRevision());
    Answers.json(ctx, before.isEmpty() ? 201 : 200, shown);
  }

  private Webhook write(String id, Optional<Webhook> before, Webhook.Builder builder) {
    Instant now = stage.clock().instant().truncatedTo(ChronoUnit.MICROS);
    if (before.isPresent() && dead(before.get()).isEmpty()) {
      Webhook same =
          builder
              .setRevision(before.get().getRevision())
              .setCreatedAt(before.get().getCreatedAt())
              .setUpdatedAt(before.get().getUpdatedAt())
              .build();
      if (same.equals(before.get())) {
        return before.get();
      }
    }
    Webhook after =
        builder
            .setRevision(registry.nextRevision(id))
            .setCreatedAt(before.map(Webhook::getCreatedAt).orElse(now))
            .setUpdatedAt(now)
            .build();
    registry.write(id, after);
    return after;
  }

  private String freshSecret() {
    byte[] bytes = new byte[SECRET_BYTES];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  /** Keeps the sealed bytes where the secret is the same, since sealing twice gives two results. */
  private ByteBuffer sealed(String id, Optional<Webhook> before, Optional<String> secret) {
    if (before.isPresent()) {
      Optional<String> kept = WebhookRun.unseal(before.get(), stage.secrets());
      if (secret.isEmpty() && kept.isEmpty()) {
        throw Problem.unprocessable("webhook '" + id + "': " + OTHER_KEY_REMEDY);
      }
      if (secret.isEmpty() || secret.equals(kept)) {
        return before.get().getSealedSecret();
      }
    }
    return ByteBuffer.wrap(stage.secrets().seal(secret.orElseThrow(), WebhookRun.sealedFor(id)));
  }

  private void delete(Context ctx) {
    String id = StreamRoutes.id(ctx);
    Precondition demand = Precondition.read(ctx);
    writing.lock();
    try {
      Optional<Webhook> before = registry.find(id);
      demand.check(before.map(Webhook::getRevision));
      if (before.isEmpty()) {
        throw unknown(id);
      }
      registry.write(id, (Webhook) null);
    } finally {
      writing.unlock();
    }
    ctx.status(204);
  }

  private static Problem unknown(String id) {
    return Problem.notFound("webhook '" + id + "' is not known");
  }

  private void answer(Context ctx, int status, Webhook webhook) {
    Precondition.tag(ctx, webhook.getRevision());
    Answers.json(ctx, status, json(webhook));
  }

  private ObjectNode json(Webhook webhook) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("id", webhook.getWebhookId()).put("url", webhook.getUrl());
    webhook.getStreams().forEach(node.putArray("streams")::add);
    webhook.getEvents().forEach(node.putArray("events")::add);
    webhook.getLabels().forEach(node.putArray("labels")::add);
    node.put("minScore", webhook.getMinScore())
        .put("revision", webhook.getRevision())
        .put("createdAt", Times.show(webhook.getCreatedAt()))
        .put("updatedAt", Times.show(webhook.getUpdatedAt()));
    @Nullable WebhookStatus status = status(webhook).orElse(null);
    node.putObject("status")
        .put("state", status == null ? "WAITING" : status.getState().name())
        .put("delivered", status == null ? 0 : status.getDelivered())
        .put("position", status == null ? "" : status.getPosition())
        .put("reason", status == null ? null : status.getReason())
        .put("since", Times.show(status == null ? webhook.getUpdatedAt() : status.getSince()));
    return node;
  }

  /** What is known of this very revision. */
  private Optional<WebhookStatus> status(Webhook webhook) {
    return registry
        .status(webhook.getWebhookId())
        .filter(status -> status.getRevision() == webhook.getRevision());
  }

  private void work(Worker self) {
    try {
      member.subscribe(List.of(stage.kafka().topics().webhooks()), new Ownership());
      while (!self.stopping()) {
        member.poll(POLL);
        if (registry.isRead()) {
          startAndStop();
        }
      }
    } catch (WakeupException e) {
      if (!self.stopping()) {
        throw e;
      }
    } finally {
      running.values().forEach(WebhookRoutes::stop);
      member.close();
    }
  }

  private final class Ownership implements ConsumerRebalanceListener {
    @Override
    public void onPartitionsAssigned(java.util.Collection<TopicPartition> partitions) {
      partitions.forEach(partition -> owned.add(partition.partition()));
    }

    @Override
    public void onPartitionsRevoked(java.util.Collection<TopicPartition> partitions) {
      partitions.forEach(partition -> owned.remove(partition.partition()));
      running.values().removeIf(it -> !isOwned(it.webhook()) && stop(it));
    }
  }

  private boolean isOwned(Webhook webhook) {
    int partitions = stage.kafka().partitions();
    return owned.contains(
        io.moodline.schemas.StreamPartition.of(webhook.getWebhookId(), partitions));
  }

  private void startAndStop() {
    Map<String, Webhook> wanted = new HashMap<>();
    for (Webhook webhook : registry.all()) {
      if (isOwned(webhook)) {
        wanted.put(webhook.getWebhookId(), webhook);
      }
    }
    running
        .values()
        .removeIf(it -> !it.webhook().equals(wanted.get(it.webhook().getWebhookId())) && stop(it));
    for (Webhook webhook : wanted.values()) {
      if (!running.containsKey(webhook.getWebhookId()) && !isGivenUp(webhook)) {
        start(webhook);
      }
    }
  }

  /** Not where the key alone was lost, and this process has it again. */
  private boolean isGivenUp(Webhook webhook) {
    return dead(webhook)
        .filter(
            status ->
                !isOfOtherKey(status) || WebhookRun.unseal(webhook, stage.secrets()).isEmpty())
        .isPresent();
  }

  private static boolean isOfOtherKey(WebhookStatus status) {
    String reason = status.getReason();
    return reason != null && reason.startsWith(OTHER_KEY);
  }

  /** The status of this very revision, if it is given up. */
  private Optional<WebhookStatus> dead(Webhook webhook) {
    return status(webhook).filter(status -> status.getState() == WebhookState.DEAD);
  }

  private void start(Webhook webhook) {
    WebhookStatus status = beginning(webhook);
    Optional<String> secret = WebhookRun.unseal(webhook, stage.secrets());
    if (secret.isEmpty()) {
      registry.write(
          WebhookStatus.newBuilder(status)
              .setState(WebhookState.DEAD)
              .setReason(OTHER_KEY_REMEDY)
              .build());
      return;
    }
    EventFilter filter =
        EventFilter.of(
            new TreeSet<>(webhook.getStreams()),
            new TreeSet<>(webhook.getEvents()),
            new TreeSet<>(webhook.getLabels()),
            webhook.getMinScore());
    WebhookRun run =
        new WebhookRun(
            webhook,
            secret.get(),
            addresses,
            stage.settings().get(SinkSettings.WEBHOOK_DEAD_AFTER),
            senders,
            stage.clock(),
            status,
            registry::write);
    try {
      EventReader reader =
          events.subscribe(
              filter,
              status.getPosition(),
              new WebhookChannel(webhook.getWebhookId(), run::began, run::passed, run));
      running.put(webhook.getWebhookId(), new Running(webhook, run, reader));
      if (dead(webhook).isPresent()) {
        registry.write(status); // it is back
      }
      reader.wake();
    } catch (Problem e) {
      run.close(); // Kafka is away; tried again soon
    }
  }

  /** Goes on where an earlier revision was; with other events or streams, from now on. */
  private WebhookStatus beginning(Webhook webhook) {
    Optional<WebhookStatus> before = registry.status(webhook.getWebhookId());
    return WebhookStatus.newBuilder()
        .setWebhookId(webhook.getWebhookId())
        .setRevision(webhook.getRevision())
        .setState(WebhookState.ACTIVE)
        .setPosition(before.map(WebhookStatus::getPosition).orElse(""))
        .setDelivered(before.map(WebhookStatus::getDelivered).orElse(0L))
        .setSince(stage.clock().instant().truncatedTo(ChronoUnit.MICROS))
        .build();
  }

  private static boolean stop(Running it) {
    it.run().close();
    it.reader().gone();
    return true;
  }

  @Override
  public void close() {
    worker.close();
    senders.shutdownNow();
    registry.close();
  }
}
