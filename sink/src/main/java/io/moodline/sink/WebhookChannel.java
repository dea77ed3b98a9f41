package io.moodline.sink;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.eclipse.jetty.util.Callback;

/**
 * Collects a block of events as one JSON body and hands it to whoever delivers it: {@code
 * {"webhook": "...", "events": [{"event": ..., "id": ..., "data": ...}]}}. A slow receiver is not
 * cut: its deliveries wait, and what follows is in the log.
 */
final class WebhookChannel implements EventChannel {
  /** One body, not delivered yet. */
  record Block(byte[] body, int events, String lastId) {}

  /** Delivers a block, sooner or later. */
  @FunctionalInterface
  interface Delivery {
    void deliver(Block block, Callback done);
  }

  private final String head;
  private final Consumer<String> began;
  private final Consumer<String> passed;
  private final Delivery delivery;
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();
  private int events;
  private String lastId = "";

  /**
   * A channel.
   *
   * @param began is told the id of where the subscription stands
   * @param passed is told, while nothing is under way, the id up to which nothing is left to
   *     deliver
   */
  WebhookChannel(
      String webhookId, Consumer<String> began, Consumer<String> passed, Delivery delivery) {
    this.head = "{\"webhook\":\"" + webhookId + "\",\"events\":[";
    this.began = began;
    this.passed = passed;
    this.delivery = delivery;
  }

  @Override
  public void greet(String id) {
    began.accept(id);
  }

  @Override
  public void put(String event, String id, byte[] json) {
    write(events == 0 ? head : ",");
    write("{\"event\":\"" + event + "\",\"id\":\"" + id + "\",\"data\":");
    body.writeBytes(json);
    write("}");
    events++;
    lastId = id;
  }

  @Override
  public void heartbeat(String id) {
    passed.accept(id);
  }

  private void write(String text) {
    body.writeBytes(text.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public boolean isEmpty() {
    return events == 0;
  }

  @Override
  public void send(Callback done) {
    write("]}");
    Block block = new Block(body.toByteArray(), events, lastId);
    body.reset();
    events = 0;
    delivery.deliver(block, done);
  }

  @Override
  public void end(String reason) {}

  @Override
  public void cut() {}
}
