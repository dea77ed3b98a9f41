package io.moodline.sink;

import io.javalin.http.Context;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Server-sent events (WHATWG HTML, section 9.2) over a connection that no thread waits on.
 *
 * <p>The first block and each heartbeat carry an id without an event, so that a reader of a quiet
 * stream too resumes where it was.
 */
final class SseChannel implements EventChannel {
  private static final int RETRY_MILLIS = 2000;

  private final Response response;
  private final Runnable disconnect;
  private final ByteArrayOutputStream block = new ByteArrayOutputStream();

  private SseChannel(Response response, Runnable disconnect) {
    this.response = response;
    this.disconnect = disconnect;
  }

  /** Answers 200; the body follows as events come. */
  static SseChannel open(Context ctx) {
    ctx.status(200)
        .disableCompression()
        .header("Content-Type", "text/event-stream; charset=utf-8")
        .header("X-Accel-Buffering", "no");
    ServletContextRequest request = ServletContextRequest.getServletContextRequest(ctx.req());
    var connection = request.getConnectionMetaData().getConnection();
    return new SseChannel(
        request.getServletContextResponse(), () -> connection.getEndPoint().close());
  }

  @Override
  public void greet(String id) {
    put("retry: " + RETRY_MILLIS + "\nid: " + id + "\n\n");
  }

  @Override
  public void put(String event, String id, byte[] json) {
    put("event: " + event + "\nid: " + id + "\ndata: ");
    block.writeBytes(json);
    put("\n\n");
  }

  @Override
  public void heartbeat(String id) {
    put("id: " + id + "\n: still here\n\n");
  }

  private void put(String text) {
    block.writeBytes(text.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public boolean isEmpty() {
    return block.size() == 0;
  }

  @Override
  public void send(Callback done) {
    ByteBuffer bytes = ByteBuffer.wrap(block.toByteArray());
    block.reset();
    response.write(false, bytes, done);
  }

  @Override
  public void end(String reason) {} // the answer's end says it all

  @Override
  public void cut() {
    disconnect.run();
  }
}
