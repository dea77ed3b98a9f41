package io.moodline.sink;

import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The first page and its files, read once from the jar. Only listed files are served, so no path
 * leads anywhere else. Thread-safe.
 */
final class WebPage implements Resource {
  private static final List<String> ASSETS =
      List.of(
          "app.js",
          "access.js",
          "alerts.js",
          "analyzers.js",
          "api.js",
          "chart.js",
          "events.js",
          "forms.js",
          "page.js",
          "preview.js",
          "rules.js",
          "times.js",
          "style.css",
          "icon.svg");

  private final byte[] index = read("/web/index.html");
  private final Map<String, byte[]> assets = new HashMap<>();

  WebPage() {
    ASSETS.forEach(name -> assets.put(name, read("/web/" + name)));
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.get("/", Role.ANYONE, this::index),
        Route.get("/assets/{file}", Role.ANYONE, this::asset));
  }

  void index(Context ctx) {
    send(ctx, "text/html; charset=utf-8", index);
  }

  void asset(Context ctx) {
    String name = ctx.pathParam("file");
    byte[] bytes = assets.get(name);
    if (bytes == null) {
      throw Problem.notFound("there is nothing at this address");
    }
    send(ctx, type(name), bytes);
  }

  private static void send(Context ctx, String type, byte[] bytes) {
    ctx.status(200).header("Content-Type", type).header("Cache-Control", "no-cache").result(bytes);
  }

  private static String type(String name) {
    return switch (name.substring(name.lastIndexOf('.'))) {
      case ".js" -> "text/javascript; charset=utf-8";
      case ".css" -> "text/css; charset=utf-8";
      case ".svg" -> "image/svg+xml";
      default -> "application/octet-stream";
    };
  }

  private static byte[] read(String resource) {
    try (InputStream in = WebPage.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + resource);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
