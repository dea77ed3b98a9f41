package io.moodline.sink;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Queue;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.api.Session;

/**
 * Events over a WebSocket, one text message each: {@code {"event": "emotion", "id": "...", "data":
 * {...}}}. The greeting is an event {@code hello}, a heartbeat one of that name; both have no data.
 */
final class SocketChannel implements EventChannel {
  /** Close code "going away". */
  private static final int GOING_AWAY = 1001;

  private final Session session;
  private final Queue<String> messages = new ArrayDeque<>();

  SocketChannel(Session session) {
    this.session = session;
  }

  @Override
  public void greet(String id) {
    putEmpty("hello", id);
  }

  @Override
  public void put(String event, String id, byte[] json) {
    messages.add(
        "{\"event\":\""
            + event
            + "\",\"id\":\""
            + id
            + "\",\"data\":"
            + new String(json, StandardCharsets.UTF_8)
            + "}");
  }

  @Override
  public void heartbeat(String id) {
    putEmpty("heartbeat", id);
  }

  private void putEmpty(String event, String id) {
    messages.add(
        JsonNodeFactory.instance.objectNode().put("event", event).put("id", id).toString());
  }

  @Override
  public boolean isEmpty() {
    return messages.isEmpty();
  }

  @Override
  public void send(Callback done) {
    String message = messages.poll();
    if (message == null) {
      done.succeeded();
      return;
    }
    // A message that goes out at once calls back on this thread: at most a block's number deep.
    session.sendText(
        message, org.eclipse.jetty.websocket.api.Callback.from(() -> send(done), done::failed));
  }

  @Override
  public void end(String reason) {
    session.close(GOING_AWAY, reason, org.eclipse.jetty.websocket.api.Callback.NOOP);
  }

  @Override
  public void cut() {
    session.disconnect();
  }
}
