package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.moodline.runtime.UserException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** A planted password is looked for wherever the product writes, says or shows anything. */
@Timeout(value = 900, unit = TimeUnit.SECONDS)
class PasswordScanTest {
  private static final String PASSWORD = "CANARY-7f3a+x/9";
  private static final String WRITTEN = "CANARY-7f3a%2Bx%2F9";
  private static final String USER = "adm.in";

  @TempDir Path home;
  private final Set<String> heard = ConcurrentHashMap.newKeySet();
  private final CountDownLatch over = new CountDownLatch(1);

  @Test
  void isFoundNowhere() throws Exception {
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    Logger ours = (Logger) LoggerFactory.getLogger("io.moodline");
    Level before = ours.getLevel();
    ours.setLevel(Level.TRACE);
    log.start();
    root.addAppender(log);
    Map<String, byte[]> said = new TreeMap<>();
    HttpServer camera = camera();
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        ServerSocket rude = rude();
        TestNode node = TestNode.start(home)) {
      Map<String, String> sources =
          Map.of(
              "works", "http://USER@127.0.0.1:" + camera.getAddress().getPort() + "/live",
              "silent", "rtsp://USER@127.0.0.1:" + silent.getLocalPort() + "/live",
              "silent-udp", "rtsp://USER@127.0.0.1:" + silent.getLocalPort() + "/x?transport=udp",
              "refuses", "rtsp://USER@127.0.0.1:" + rude.getLocalPort() + "/live",
              "no-tls", "rtsps://USER@127.0.0.1:" + rude.getLocalPort() + "/live",
              "no-host", "https://USER@no-such-host.invalid/live",
              "never", "rtsp://USER@169.254.169.254/live",
              "page", "http://USER@127.0.0.1:" + camera.getAddress().getPort() + "/page");
      for (var source : sources.entrySet()) {
        String uri = source.getValue().replace("USER", USER + ":" + WRITTEN);
        ObjectNode body = ApiClient.object().put("source", uri).put("purpose", "research");
        said.put(
            "put " + source.getKey(),
            answer(() -> node.api().put("/api/v1/streams/" + source.getKey(), body)));
        said.put(
            "probe " + source.getKey(),
            answer(() -> node.api().post("/api/v1/probe", ApiClient.object().put("source", uri))));
        body.put("source", uri.replace("127.0.0.1", "0177.0.0.1"));
        said.put(
            "refused " + source.getKey(), answer(() -> node.api().put("/api/v1/streams/x", body)));
      }
      await()
          .atMost(Duration.ofMinutes(4))
          .until(
              () ->
                  published(node, "works") > 3
                      && Stream.of("silent", "refuses", "no-tls", "no-host", "page")
                          .allMatch(id -> state(node, id).equals("BACKING_OFF"))
                      && state(node, "never").equals("REFUSED"));
      assertThat(heard).as("the password reached the camera, and only it").isNotEmpty();
      said.put(
          "threads",
          Thread.getAllStackTraces().keySet().toString().getBytes(StandardCharsets.UTF_8));
      for (ProcessHandle child : ProcessHandle.current().children().toList()) {
        for (String file : List.of("cmdline", "environ")) {
          Path told = Path.of("/proc", Long.toString(child.pid()), file);
          said.put("child " + child.pid() + " " + file, readable(told));
        }
      }
      for (String path :
          List.of(
              "/api/v1/streams", "/metrics", "/api/v1/system", "/health/ready", "/openapi.yaml")) {
        said.put(path, node.api().text(path, "*/*").getBytes(StandardCharsets.UTF_8));
      }
      for (String id : sources.keySet()) {
        said.put(
            "history " + id, answer(() -> node.api().get("/api/v1/streams/" + id + "/history")));
      }
    } finally {
      over.countDown();
      camera.stop(0);
      root.detachAppender(log);
      ours.setLevel(before);
    }
    for (ILoggingEvent event : List.copyOf(log.list)) {
      String line = event.getFormattedMessage() + event.getKeyValuePairs() + event.getThreadName();
      String thrown =
          event.getThrowableProxy() == null ? "" : event.getThrowableProxy().getMessage();
      said.merge(
          "log", (line + thrown + "\n").getBytes(StandardCharsets.UTF_8), PasswordScanTest::join);
    }
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        said.put("file " + home.relativize(file), readable(file));
      }
    }
    assertThat(said.keySet()).anyMatch(name -> name.startsWith("file data"));
    assertThat(said).containsKey("log");
    List<String> found = new ArrayList<>();
    said.forEach(
        (place, bytes) -> {
          String text = new String(bytes, StandardCharsets.ISO_8859_1);
          spellings().stream().filter(text::contains).forEach(it -> found.add(place + ": " + it));
        });
    assertThat(found).isEmpty();
  }

  /** The password as it could be written down. */
  private static Set<String> spellings() {
    Set<String> all = new HashSet<>(List.of(PASSWORD, WRITTEN, "CANARY"));
    all.add(URLEncoder.encode(PASSWORD, StandardCharsets.UTF_8));
    all.add(PASSWORD.replace("/", "\\/"));
    for (String text : List.of(PASSWORD, USER + ":" + PASSWORD, USER + ":" + WRITTEN)) {
      String coded =
          Base64.getEncoder()
              .withoutPadding()
              .encodeToString(text.getBytes(StandardCharsets.UTF_8));
      all.add(coded.substring(0, coded.length() - 2));
    }
    return all;
  }

  private interface Call {
    JsonNode answer();
  }

  private static byte[] answer(Call call) {
    try {
      return call.answer().toString().getBytes(StandardCharsets.UTF_8);
    } catch (UserException e) {
      return String.valueOf(e.getMessage()).getBytes(StandardCharsets.UTF_8);
    }
  }

  private static byte[] readable(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      return new byte[0]; // gone, or not ours
    }
  }

  private static byte[] join(byte[] one, byte[] other) {
    byte[] both = java.util.Arrays.copyOf(one, one.length + other.length);
    System.arraycopy(other, 0, both, one.length, other.length);
    return both;
  }

  private static String state(TestNode node, String id) {
    return node.api().get("/api/v1/streams/" + id).at("/status/state").asText();
  }

  private static long published(TestNode node, String id) {
    return node.api().get("/api/v1/streams/" + id).at("/status/published").asLong();
  }

  /** A camera that asks for the password and shows grey pictures; and a page that is none. */
  private HttpServer camera() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    ExecutorService threads =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task, "camera");
              thread.setDaemon(true);
              return thread;
            });
    server.setExecutor(threads);
    server.createContext("/live", this::show);
    server.createContext(
        "/page",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write("<html>".getBytes(StandardCharsets.UTF_8));
          exchange.close();
        });
    server.start();
    return server;
  }

  private void show(HttpExchange exchange) throws IOException {
    String given = exchange.getRequestHeaders().getFirst("Authorization");
    String pair = USER + ":" + PASSWORD;
    if (!("Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)))
        .equals(given)) {
      exchange.getResponseHeaders().add("WWW-Authenticate", "Basic realm=\"camera\"");
      exchange.sendResponseHeaders(401, -1);
      exchange.close();
      return;
    }
    heard.add(given);
    ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(160, 120, BufferedImage.TYPE_3BYTE_BGR), "jpg", jpeg);
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream out = exchange.getResponseBody()) {
      while (!over.await(100, TimeUnit.MILLISECONDS)) {
        out.write("--x\r\nContent-Type: image/jpeg\r\n\r\n".getBytes(StandardCharsets.UTF_8));
        out.write(jpeg.toByteArray());
        out.write("\r\n".getBytes(StandardCharsets.UTF_8));
        out.flush();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Says no to everyone, with what it was told. */
  private ServerSocket rude() throws IOException {
    ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread thread =
        new Thread(
            () -> {
              while (!socket.isClosed()) {
                try (Socket caller = socket.accept()) {
                  byte[] words = new byte[1000];
                  int count = caller.getInputStream().read(words);
                  caller.getOutputStream().write("RTSP/1.0 500 ".getBytes(StandardCharsets.UTF_8));
                  caller.getOutputStream().write(words, 0, Math.max(0, count));
                } catch (IOException e) {
                  // closed, or a caller that went away
                }
              }
            },
            "rude");
    thread.setDaemon(true);
    thread.start();
    return socket;
  }
}
