package io.moodline.deploy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The HTTP API as the command line uses it. Problems that the server reports become {@link
 * UserException}s with the server's own sentence. Thread-safe.
 */
final class ApiClient {
  static final ObjectMapper JSON = new ObjectMapper();

  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration ANSWER = Duration.ofSeconds(60);
  private static final Duration NOT_READY_PATIENCE = Duration.ofSeconds(30);
  private static final Duration NOT_READY_PAUSE = Duration.ofMillis(300);

  private static final String TOKEN_HINT =
      " (give --token TOKEN or set MOODLINE_TOKEN; 'moodline token create ROLE' makes one)";

  private final URI server;
  private final String token;
  private final HttpClient http = HttpClient.newBuilder().connectTimeout(CONNECT).build();

  /** Shows the token in {@code MOODLINE_TOKEN}, if there is one. */
  ApiClient(URI server) {
    this(server, Optional.ofNullable(System.getenv("MOODLINE_TOKEN")).orElse(""));
  }

  /** Shows a token; an empty one is not shown. */
  ApiClient(URI server, String token) {
    this.token = token.strip();
    String scheme = String.valueOf(server.getScheme());
    if (!scheme.equals("http") && !scheme.equals("https") || server.getHost() == null) {
      throw new UserException("server '" + server + "' is no address: write http://host:port");
    }
    if (server.getRawQuery() != null || server.getRawFragment() != null) {
      throw new UserException("server '" + server + "' has more than a path: leave out ? and #");
    }
    String text = server.toString();
    this.server = URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
  }

  JsonNode get(String path) {
    return json(request(path).GET());
  }

  /** An answer that is not JSON. */
  String text(String path, String mediaType) {
    HttpResponse<String> response =
        send(to(path).timeout(ANSWER).header("Accept", mediaType).build(), BodyHandlers.ofString());
    if (response.statusCode() != 200) {
      throw problem(response.statusCode(), response.body());
    }
    return response.body();
  }

  /** The lines of an answer of any length; close it to hang up. */
  Stream<String> lines(String path) {
    HttpResponse<Stream<String>> response =
        send(to(path).timeout(ANSWER).build(), BodyHandlers.ofLines());
    if (response.statusCode() != 200) {
      try (Stream<String> lines = response.body()) {
        throw problem(response.statusCode(), String.join("\n", lines.toList()));
      }
    }
    return response.body();
  }

  /** An answer that goes on as long as someone reads it. */
  InputStream body(String path) throws IOException {
    HttpResponse<InputStream> response =
        send(to(path).timeout(ANSWER).build(), BodyHandlers.ofInputStream());
    if (response.statusCode() != 200) {
      try (InputStream body = response.body()) {
        throw problem(
            response.statusCode(), new String(body.readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    return response.body();
  }

  /** Writes an answer of any length to a stream as it comes. */
  void download(String path, OutputStream out) {
    HttpResponse<InputStream> response =
        send(to(path).timeout(ANSWER).build(), BodyHandlers.ofInputStream());
    try (InputStream body = response.body()) {
      if (response.statusCode() != 200) {
        throw problem(
            response.statusCode(), new String(body.readAllBytes(), StandardCharsets.UTF_8));
      }
      body.transferTo(out);
    } catch (IOException e) {
      throw new UserException("what " + server + " sends was cut short: " + e.getMessage(), e);
    }
  }

  /** Writes an answer of any length to a file, which appears only when it is whole. */
  void download(String path, Path file) {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try {
      try (OutputStream out = Files.newOutputStream(part)) {
        download(path, out);
      }
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UserException("'" + file + "' can not be written: " + e.getMessage(), e);
    } finally {
      part.toFile().delete();
    }
  }

  JsonNode put(String path, JsonNode body) {
    return json(withBody(path, body).method("PUT", text(body)));
  }

  JsonNode post(String path, JsonNode body) {
    return json(withBody(path, body).method("POST", text(body)));
  }

  void delete(String path) {
    json(request(path).DELETE());
  }

  /** Removes what a receipt tells of. */
  JsonNode erase(String path) {
    return json(request(path).DELETE());
  }

  /** Uploads a recording into the server's media folder and returns the name it has there. */
  String upload(Path file) {
    try {
      BodyPublisher body = BodyPublishers.ofFile(file);
      String name = encode(String.valueOf(file.getFileName()));
      JsonNode answer =
          json(
              to("/api/v1/recordings?name=" + name)
                  .header("Content-Type", "application/octet-stream")
                  .POST(body));
      return answer.path("recording").asText();
    } catch (IOException e) {
      throw new UserException("'" + file + "' can not be read: " + e.getMessage(), e);
    }
  }

  /**
   * The lines of a stream of server-sent events; close it to hang up.
   *
   * @param patience how long the server may be silent
   * @throws IOException when it is worth to try again: nobody answers, or the server can not yet
   * @throws UserException when the server refuses
   */
  LiveLines events(String path, String lastEventId, Duration patience) throws IOException {
    HttpRequest.Builder builder = to(path).timeout(patience).header("Accept", "text/event-stream");
    if (!lastEventId.isEmpty()) {
      builder.header("Last-Event-ID", lastEventId);
    }
    HttpResponse<InputStream> response;
    try {
      response = exchange(builder.GET().build(), BodyHandlers.ofInputStream());
    } catch (IOException e) {
      throw new IOException(describe(e), e);
    }
    if (response.statusCode() == 200) {
      return new LiveLines(response.body(), patience);
    }
    try (InputStream body = response.body()) {
      UserException problem =
          problem(response.statusCode(), new String(body.readAllBytes(), StandardCharsets.UTF_8));
      if (response.statusCode() >= 500) {
        throw new IOException(problem.getMessage(), problem);
      }
      throw problem;
    }
  }

  static String encode(String segment) {
    return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
  }

  static ObjectNode object() {
    return JSON.createObjectNode();
  }

  private HttpRequest.Builder to(String path) {
    // Not resolved: the server may live under a path of a proxy's.
    HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(server + path));
    return token.isEmpty() ? builder : builder.header("Authorization", "Bearer " + token);
  }

  /** A path with those parameters that say something. */
  static String path(String path, Map<String, String> query) {
    String said =
        query.entrySet().stream()
            .filter(parameter -> !parameter.getValue().isEmpty())
            .map(parameter -> parameter.getKey() + "=" + encode(parameter.getValue()))
            .collect(Collectors.joining("&"));
    return said.isEmpty() ? path : path + "?" + said;
  }

  /** The texts of an array, between commas. */
  static String texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.asText()));
    return String.join(", ", texts);
  }

  /** All items of a list that comes in pages, with its other fields as on the first page. */
  JsonNode all(String path, String items) {
    ObjectNode whole = (ObjectNode) get(path);
    JsonNode page = whole;
    while (page.path("next").isTextual()) {
      page = get(path + "?cursor=" + encode(page.path("next").textValue()));
      page.path(items).forEach(((ArrayNode) whole.get(items))::add);
    }
    whole.remove("next");
    return whole;
  }

  private HttpRequest.Builder request(String path) {
    return to(path).timeout(ANSWER).header("Accept", "application/json");
  }

  private HttpRequest.Builder withBody(String path, JsonNode body) {
    return request(path).header("Content-Type", "application/json");
  }

  private static BodyPublisher text(JsonNode body) {
    return BodyPublishers.ofString(body.toString());
  }

  private JsonNode json(HttpRequest.Builder builder) {
    HttpResponse<String> response = send(builder.build(), BodyHandlers.ofString());
    if (response.statusCode() / 100 != 2) {
      throw problem(response.statusCode(), response.body());
    }
    try {
      return response.body().isEmpty() ? JSON.createObjectNode() : JSON.readTree(response.body());
    } catch (JsonProcessingException e) {
      throw new UserException(
          server + " does not answer as Moodline does: is it the right address?", e);
    }
  }

  /** Asks again while the server says that it can not answer yet, as it does when it starts. */
  private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) {
    long deadline = System.nanoTime() + NOT_READY_PATIENCE.toNanos();
    while (true) {
      HttpResponse<T> response = sendOnce(request, handler);
      boolean again = response.statusCode() == 503 && request.method().equals("GET");
      if (!again || System.nanoTime() > deadline) {
        return response;
      }
      discard(response.body());
      pause();
    }
  }

  private static void discard(Object body) {
    if (body instanceof AutoCloseable open) {
      try {
        open.close();
      } catch (Exception e) {
        throw new IllegalStateException("an answer can not be closed", e);
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(NOT_READY_PAUSE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException("interrupted", e);
    }
  }

  private <T> HttpResponse<T> sendOnce(HttpRequest request, HttpResponse.BodyHandler<T> handler) {
    try {
      return exchange(request, handler);
    } catch (IOException e) {
      throw new UserException(describe(e), e);
    }
  }

  private <T> HttpResponse<T> exchange(HttpRequest request, HttpResponse.BodyHandler<T> handler)
      throws IOException {
    try {
      return http.send(request, handler);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException("interrupted", e);
    }
  }

  private String describe(IOException e) {
    if (e instanceof ConnectException) {
      return "no Moodline answers at "
          + server
          + ": start one with 'moodline serve', or give --server";
    }
    return e instanceof HttpTimeoutException
        ? server + " does not answer in time"
        : "the connection to " + server + " broke: " + e;
  }

  private UserException problem(int status, String body) {
    try {
      String detail = JSON.readTree(body).path("detail").asText("");
      if (!detail.isEmpty()) {
        return new UserException(status == 401 ? detail + TOKEN_HINT : detail);
      }
    } catch (JsonProcessingException e) {
      return new UserException(
          server + " answered with status " + status + " and no problem+json", e);
    }
    return new UserException(server + " answered with status " + status);
  }
}
