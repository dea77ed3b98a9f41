package io.moodline.deploy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A recording that is sent over HTTP on loopback as a camera would send it: no faster than it
 * plays, again and again, to as many readers as come. Thread-safe.
 */
final class PacedVideo implements AutoCloseable {
  private static final String PATH = "/camera.ts";
  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(40);

  private final HttpServer server;
  private final ExecutorService senders = Executors.newCachedThreadPool(PacedVideo::thread);
  private final byte[] video;
  private final double bytesPerNano;

  private PacedVideo(byte[] video, double seconds, HttpServer server) {
    this.video = video;
    this.bytesPerNano = video.length / (seconds * 1e9);
    this.server = server;
    server.createContext(PATH, this::send);
    server.setExecutor(senders);
    server.start();
  }

  /**
   * Sends a video.
   *
   * @param file MPEG transport stream
   * @param seconds for which it plays
   */
  static PacedVideo start(Path file, double seconds) throws IOException {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return new PacedVideo(Files.readAllBytes(file), seconds, HttpServer.create(address, 0));
  }

  /** Where it is read. */
  String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + PATH;
  }

  private static Thread thread(Runnable task) {
    Thread thread = new Thread(task, "benchmark-camera");
    thread.setDaemon(true);
    return thread;
  }

  private void send(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.sendResponseHeaders(200, 0); // without a length, as what has no end
      OutputStream out = exchange.getResponseBody();
      long start = System.nanoTime();
      long sent = 0;
      while (!Thread.currentThread().isInterrupted()) {
        long due = Math.round((System.nanoTime() - start) * bytesPerNano);
        while (sent < due) {
          int from = (int) (sent % video.length);
          int count = (int) Math.min(due - sent, video.length - from);
          out.write(video, from, count);
          sent += count;
        }
        out.flush();
        TimeUnit.NANOSECONDS.sleep(TICK_NANOS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed
    }
  }

  @Override
  public void close() {
    server.stop(0);
    senders.shutdownNow();
  }
}
