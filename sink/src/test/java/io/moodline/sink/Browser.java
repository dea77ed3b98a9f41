package io.moodline.sink;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;

/** Headless Chromium, driven through its DevTools protocol: one page. */
final class Browser implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<Path> PLACES =
      List.of(
          Path.of("/usr/bin/chromium"),
          Path.of("/usr/bin/chromium-browser"),
          Path.of("/usr/bin/google-chrome"));

  /** What the page complained of: exceptions, refused resources, failed loads. */
  final List<String> complaints = new CopyOnWriteArrayList<>();

  private final Process process;
  private final WebSocket socket;
  private final Map<Integer, CompletableFuture<JsonNode>> asked = new ConcurrentHashMap<>();
  private final AtomicInteger number = new AtomicInteger();

  private Browser(Process process, URI page) throws Exception {
    this.process = process;
    this.socket =
        HttpClient.newHttpClient()
            .newWebSocketBuilder()
            .buildAsync(page, new Listener())
            .get(60, TimeUnit.SECONDS);
  }

  static boolean isThere() {
    return PLACES.stream().anyMatch(Files::isExecutable);
  }

  static Browser start(Path profile, boolean dark) throws Exception {
    Path program = PLACES.stream().filter(Files::isExecutable).findFirst().orElseThrow();
    Process process =
        new ProcessBuilder(
                program.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--window-size=1280,1000",
                dark
                    ? "--blink-settings=preferredColorScheme=0"
                    : "--blink-settings=preferredColorScheme=1",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank")
            .redirectErrorStream(true)
            .redirectOutput(profile.resolve("chromium.log").toFile())
            .start();
    try {
      Path port = profile.resolve("DevToolsActivePort");
      Awaitility.await()
          .atMost(Duration.ofSeconds(90))
          .until(() -> Files.exists(port) && Files.readAllLines(port).size() >= 2);
      return new Browser(process, page(Files.readAllLines(port).get(0)));
    } catch (Exception | AssertionError e) {
      process.destroyForcibly();
      throw e;
    }
  }

  private static URI page(String port) throws IOException, InterruptedException {
    String list =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json/list"))
                    .build(),
                HttpResponse.BodyHandlers.ofString())
            .body();
    for (JsonNode target : JSON.readTree(list)) {
      if (target.get("type").textValue().equals("page")) {
        return URI.create(target.get("webSocketDebuggerUrl").textValue());
      }
    }
    throw new IOException("the browser has no page: " + list);
  }

  void open(URI address) throws Exception {
    call("Runtime.enable", JSON.createObjectNode());
    call("Log.enable", JSON.createObjectNode());
    call("Page.enable", JSON.createObjectNode());
    call("Page.navigate", JSON.createObjectNode().put("url", address.toString()));
  }

  /** The value of a JavaScript expression, promises awaited. */
  JsonNode ask(String expression) throws Exception {
    JsonNode answer =
        call(
            "Runtime.evaluate",
            JSON.createObjectNode()
                .put("expression", expression)
                .put("awaitPromise", true)
                .put("returnByValue", true));
    if (answer.has("exceptionDetails")) {
      throw new IOException(answer.get("exceptionDetails").toString());
    }
    return answer.path("result").path("value");
  }

  String text(String selector) throws Exception {
    return ask("document.querySelector(" + quoted(selector) + ")?.textContent ?? ''").asText();
  }

  void await(String expression) {
    Awaitility.await(expression)
        .atMost(Duration.ofSeconds(90))
        .pollInterval(Duration.ofMillis(200))
        .until(() -> ask("Boolean(" + expression + ")").asBoolean());
  }

  static String quoted(String text) throws IOException {
    return JSON.writeValueAsString(text);
  }

  /** Shows the page as a window of such a width does, in CSS pixels. */
  void resize(int width) throws Exception {
    call(
        "Emulation.setDeviceMetricsOverride",
        JSON.createObjectNode()
            .put("width", width)
            .put("height", 1000)
            .put("deviceScaleFactor", 1)
            .put("mobile", false));
  }

  void screenshot(Path file) throws Exception {
    JsonNode answer =
        call(
            "Page.captureScreenshot",
            JSON.createObjectNode().put("format", "png").put("captureBeyondViewport", true));
    Files.write(file, Base64.getDecoder().decode(answer.get("data").textValue()));
  }

  /** Gives a file to an input, as a person does. */
  void chooseFile(String selector, Path file) throws Exception {
    JsonNode document = call("DOM.getDocument", JSON.createObjectNode());
    JsonNode node =
        call(
            "DOM.querySelector",
            JSON.createObjectNode()
                .put("nodeId", document.at("/root/nodeId").intValue())
                .put("selector", selector));
    ObjectNode files = JSON.createObjectNode().put("nodeId", node.get("nodeId").intValue());
    files.putArray("files").add(file.toString());
    call("DOM.setFileInputFiles", files);
  }

  private JsonNode call(String method, ObjectNode params) throws Exception {
    int id = number.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    asked.put(id, answer);
    ObjectNode message = JSON.createObjectNode().put("id", id).put("method", method);
    message.set("params", params);
    socket.sendText(message.toString(), true).get(60, TimeUnit.SECONDS);
    return answer.get(90, TimeUnit.SECONDS);
  }

  @Override
  public void close() throws Exception {
    socket.abort();
    process.destroy();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        take(text.toString());
        text.setLength(0);
      }
      socket.request(1);
      return null;
    }

    private void take(String message) {
      try {
        JsonNode node = JSON.readTree(message);
        if (node.has("id")) {
          CompletableFuture<JsonNode> answer = asked.remove(node.get("id").intValue());
          if (node.has("error")) {
            answer.completeExceptionally(new IOException(node.get("error").toString()));
          } else {
            answer.complete(node.path("result"));
          }
          return;
        }
        String method = node.path("method").asText();
        if (method.equals("Runtime.exceptionThrown")
            || method.equals("Log.entryAdded")
                && node.at("/params/entry/level").asText().equals("error")) {
          complaints.add(node.get("params").toString());
        }
      } catch (IOException e) {
        complaints.add("no JSON from the browser: " + e.getMessage());
      }
    }
  }
}
