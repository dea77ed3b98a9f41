package io.moodline.sink;

import com.fasterxml.jackson.databind.JsonNode;
import io.javalin.http.Context;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How bodies are written. Thread-safe. */
final class Answers {
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final String DISPOSITION = "Content-Disposition";
  private static final Logger log = LoggerFactory.getLogger(Answers.class);

  private Answers() {}

  static void json(Context ctx, int status, JsonNode body) {
    ctx.status(status).header("Content-Type", "application/json").result(body.toString());
  }

  /** A body that is made while it is sent, compressed for who takes that. */
  static void json(Context ctx, Body body) {
    stream(ctx, "application/json", ctx::outputStream, body);
  }

  /** The same for text that is written in small pieces. */
  static void text(Context ctx, String contentType, Body body) {
    stream(ctx, contentType, ctx::outputStream, buffered(body));
  }

  /** A file to be kept, written in small pieces; as it is, without compression. */
  static void file(Context ctx, String contentType, String name, Body body) {
    ctx.header(DISPOSITION, "attachment; filename=\"" + name + "\"");
    stream(ctx, contentType, buffered(body));
  }

  private static Body buffered(Body body) {
    return out -> {
      OutputStream buffered = new BufferedOutputStream(out, BUFFER_BYTES);
      body.write(buffered);
      buffered.flush();
    };
  }

  /** A body that is made while it is sent. */
  @FunctionalInterface
  interface Body {
    void write(OutputStream out) throws IOException;
  }

  /**
   * Sends a body of any length in little memory. One that fails before anything was sent is
   * answered with a problem; later, or half compressed, the connection is broken, so that half an
   * answer never looks whole.
   */
  static void stream(Context ctx, String contentType, Body body) {
    stream(ctx, contentType, () -> ctx.res().getOutputStream(), body);
  }

  /** Where a body goes. */
  private interface Outlet {
    OutputStream open() throws IOException;
  }

  private static void stream(Context ctx, String contentType, Outlet outlet, Body body) {
    ctx.status(200).header("Content-Type", contentType);
    try {
      OutputStream out = new PassOutput(outlet.open(), Pass.of(ctx));
      body.write(out);
      out.flush();
    } catch (IOException | RuntimeException e) {
      if (!ctx.res().isCommitted() && !ctx.res().containsHeader("Content-Encoding")) {
        ctx.res().resetBuffer();
        ctx.res().setHeader(DISPOSITION, null); // a problem is no file
        throw e instanceof RuntimeException known
            ? known
            : Problem.unavailable("the answer can not be written");
      }
      log.atDebug().addKeyValue("path", ctx.path()).setCause(e).log("answer broken off");
      disconnecting(ctx).run();
    }
  }

  /** Breaks a request's connection when it is run, by any thread. */
  static Runnable disconnecting(Context ctx) {
    return ServletContextRequest.getServletContextRequest(ctx.req())
            .getConnectionMetaData()
            .getConnection()
            .getEndPoint()
        ::close;
  }
}
