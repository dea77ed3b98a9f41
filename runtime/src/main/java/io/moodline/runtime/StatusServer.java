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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * {@code /health/live}, {@code /health/ready} and {@code /metrics} of a process that runs no HTTP
 * API. Each request has a thread, up to {@value #MOST_THREADS}, and one that does not arrive whole
 * in {@value #PATIENCE_SECONDS} s is given up: a client that falls silent holds up no probe.
 * Thread-safe.
 */
public final class StatusServer implements AutoCloseable {
  private static final int MOST_THREADS = 64;
  private static final int PATIENCE_SECONDS = 10;

  static {
    // Read once when the JDK's server loads, and for all servers of the process: this one.
    limit("sun.net.httpserver.maxReqTime", PATIENCE_SECONDS);
    limit("sun.net.httpserver.maxRspTime", 2 * PATIENCE_SECONDS);
  }

  private final HttpServer server;
  private final ExecutorService threads;

  private StatusServer(HttpServer server, ExecutorService threads) {
    this.server = server;
    this.threads = threads;
  }

  private static void limit(String key, int value) {
    if (System.getProperty(key) == null) {
      System.setProperty(key, Integer.toString(value));
    }
  }

  private static ExecutorService threads() {
    AtomicInteger number = new AtomicInteger();
    // None waits for another one's thread: in a queue its own time would run out.
    return new ThreadPoolExecutor(
        1,
        MOST_THREADS,
        PATIENCE_SECONDS,
        TimeUnit.SECONDS,
        new SynchronousQueue<>(),
        task -> {
          Thread thread = new Thread(task, "status-" + number.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        });
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
      ExecutorService threads = threads();
      server.setExecutor(threads);
      server.start();
      return new StatusServer(server, threads);
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
    threads.shutdown();
  }
}
