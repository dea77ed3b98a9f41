package io.moodline.runtime;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.metrics.exporter.httpserver.MetricsHandler;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;

/**
 * {@code /health/live}, {@code /health/ready} and {@code /metrics} of a process that runs no HTTP
 * API. Thread-safe.
 */
public final class StatusServer implements AutoCloseable {
  private final HttpServer server;

  private StatusServer(HttpServer server) {
    this.server = server;
  }

  /**
   * Starts the server.
   *
   * @param host address to listen on
   * @param port port on it; 0 takes a free one
   * @throws UserException when there is no such address here, or the port is busy
   */
  public static StatusServer start(
      String host, int port, Health health, PrometheusRegistry metrics) {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getByName(host), port), 0);
      server.createContext("/health/live", exchange -> answer(exchange, 200, "live\n"));
      server.createContext("/health/ready", exchange -> answerReady(exchange, health));
      server.createContext("/metrics", new MetricsHandler(metrics));
      server.start();
      return new StatusServer(server);
    } catch (BindException e) {
      throw new UserException(
          String.format(
              "port %d on %s can not be used (%s): set status.port or status.host",
              port, host, e.getMessage()),
          e);
    } catch (UnknownHostException e) {
      throw new UserException("status.host " + host + " is no address of this machine", e);
    } catch (IOException e) {
      throw new UserException("status port " + port + " can not be used: " + e.getMessage(), e);
    }
  }

  public int port() {
    return server.getAddress().getPort();
  }

  private static void answerReady(HttpExchange exchange, Health health) throws IOException {
    String text =
        health.parts().stream()
            .map(part -> part.name() + " " + part.state() + " " + part.reason() + "\n")
            .collect(Collectors.joining());
    answer(exchange, health.isReady() ? 200 : 503, text);
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    try (exchange) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
