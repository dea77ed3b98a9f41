package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.moodline.runtime.UserException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Webhook;
import io.moodline.schemas.v1.WebhookState;
import io.moodline.schemas.v1.WebhookStatus;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(400)
class WebhookRoutesTest {
  private static final String SECRET = "a secret of some length";

  @TempDir static Path home;
  static ApiFixture api;
  static HttpServer receiver;
  static final AtomicInteger failuresLeft = new AtomicInteger();
  static final List<JsonNode> received = new CopyOnWriteArrayList<>();
  static final List<String> wrongSignatures = new CopyOnWriteArrayList<>();

  @BeforeAll
  static void start() throws Exception {
    api = new ApiFixture(home, Map.of("webhooks.dead-after", "10s"));
    receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    receiver.createContext("/hook", WebhookRoutesTest::receive);
    receiver.start();
  }

  @AfterAll
  static void stop() {
    api.close();
    receiver.stop(0);
    assertThat(api.failures).isEmpty();
  }

  private static void receive(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      var headers = exchange.getRequestHeaders();
      String expected =
          "v1="
              + WebhookRun.sign(
                  SECRET.getBytes(StandardCharsets.UTF_8),
                  headers.getFirst("Moodline-Timestamp"),
                  body);
      if (!expected.equals(headers.getFirst("Moodline-Signature"))) {
        wrongSignatures.add(headers.getFirst("Moodline-Signature"));
      }
      boolean fails = failuresLeft.getAndDecrement() > 0;
      if (!fails) {
        received.add(ApiFixture.JSON.readTree(body));
      }
      exchange.sendResponseHeaders(fails ? 500 : 204, -1);
    }
  }

  private static String body(String url, String more) {
    return "{\"url\":\"" + url + "\",\"secret\":\"" + SECRET + "\"" + more + "}";
  }

  private static String url() {
    return "http://127.0.0.1:" + receiver.getAddress().getPort() + "/hook?a=b";
  }

  private static List<Long> sequences() {
    List<Long> sequences = new ArrayList<>();
    received.forEach(
        block ->
            block
                .get("events")
                .forEach(event -> sequences.add(event.at("/data/sequence").longValue())));
    return sequences;
  }

  private static JsonNode status(String id) throws Exception {
    return ApiFixture.json(api.get("/api/v1/webhooks/" + id)).get("status");
  }

  private static void write(long from, long to) {
    for (long i = from; i < to; i++) {
      api.producer.send(EventRoutesTest.event(api, "hooked", i));
    }
    api.producer.flush();
  }

  @Test
  void deliversEachEventInOrderOverFailuresAndARestart() throws Exception {
    received.clear();
    String wanted = body(url(), ",\"streams\":[\"hooked\"],\"events\":[\"emotion\"]");
    var created = api.put("/api/v1/webhooks/first", wanted);
    assertThat(created.statusCode()).as(created.body()).isEqualTo(201);
    assertThat(created.body()).doesNotContain(SECRET);
    assertThat(created.headers().firstValue("ETag")).hasValue("\"1\"");
    assertThat(
            ApiFixture.json(api.put("/api/v1/webhooks/first", wanted)).get("revision").intValue())
        .as("the same content is no change")
        .isEqualTo(1);
    awaitBegun("first");
    write(0, 50);
    await().atMost(Duration.ofMinutes(2)).until(() -> sequences().size() >= 50);
    failuresLeft.set(2);
    write(50, 100);
    await().atMost(Duration.ofMinutes(2)).until(() -> sequences().size() >= 100);
    await()
        .atMost(Duration.ofMinutes(2))
        .until(() -> status("first").get("delivered").longValue() == 100);
    api.stop();
    write(100, 150); // nobody is there to see it
    api.start();
    await().atMost(Duration.ofMinutes(2)).until(() -> sequences().size() >= 150);
    assertThat(sequences()).containsExactlyElementsOf(LongStream.range(0, 150).boxed().toList());
    assertThat(wrongSignatures).isEmpty();
    assertThat(failuresLeft.get()).as("two tries did fail").isNegative();
    JsonNode shown = ApiFixture.json(api.get("/api/v1/webhooks/first"));
    api.description().check("Webhook", shown);
    assertThat(api.delete("/api/v1/webhooks/first").statusCode()).isEqualTo(204);
    assertThat(api.get("/api/v1/webhooks/first").statusCode()).isEqualTo(404);
  }

  private static void awaitBegun(String id) {
    await()
        .atMost(Duration.ofMinutes(2))
        .until(() -> !status(id).get("position").textValue().isEmpty());
  }

  @Test
  void givesUpInTheEndAndStartsAgainWhenAsked() throws Exception {
    int port;
    try (var socket = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort(); // nobody listens here a moment later
    }
    String nowhere =
        body(
            "http://127.0.0.1:" + port + "/", ",\"streams\":[\"hooked\"],\"events\":[\"emotion\"]");
    api.put("/api/v1/webhooks/dead", nowhere);
    awaitBegun("dead");
    write(1000, 1001);
    await()
        .atMost(Duration.ofMinutes(2))
        .until(() -> status("dead").get("state").textValue().equals("DEAD"));
    assertThat(status("dead").get("reason").textValue()).contains("no connection");
    JsonNode again = ApiFixture.json(api.put("/api/v1/webhooks/dead", nowhere));
    assertThat(again.get("revision").intValue()).isEqualTo(2);
    await()
        .atMost(Duration.ofMinutes(2))
        .until(() -> status("dead").get("state").textValue().equals("RETRYING"));
    api.delete("/api/v1/webhooks/dead");
  }

  @Test
  void makesASecretAndShowsItOnce() throws Exception {
    String body = "{\"url\":\"" + url() + "\",\"streams\":[\"nobody\"]}";
    JsonNode made = ApiFixture.json(api.put("/api/v1/webhooks/made", body));
    assertThat(made.get("secret").textValue()).matches("[0-9a-f]{64}");
    assertThat(ApiFixture.json(api.put("/api/v1/webhooks/made", body)).has("secret")).isFalse();
    assertThat(api.get("/api/v1/webhooks").body()).doesNotContain(made.get("secret").textValue());
    api.delete("/api/v1/webhooks/made");
  }

  /** As after the loss of the key file: nothing stops, and giving the secret again is enough. */
  @Test
  void asksForTheSecretAgainWhenAnotherKeySealedIt() throws Exception {
    Webhook sealed =
        Webhook.newBuilder()
            .setWebhookId("sealed")
            .setUrl(url())
            .setStreams(List.of("hooked"))
            .setEvents(List.of("emotion"))
            .setLabels(List.of())
            .setMinScore(0)
            .setSealedSecret(ByteBuffer.wrap(new byte[60]))
            .setRevision(1)
            .setCreatedAt(Instant.EPOCH)
            .setUpdatedAt(Instant.EPOCH)
            .build();
    api.send(
        api.stage.kafka().topics().webhooks(),
        "sealed",
        "sealed".getBytes(StandardCharsets.UTF_8),
        Serdes.WEBHOOK.encode(sealed));
    await()
        .atMost(Duration.ofMinutes(2))
        .until(
            () ->
                api.get("/api/v1/webhooks/sealed").statusCode() == 200
                    && status("sealed").get("state").textValue().equals("DEAD"));
    assertThat(status("sealed").get("reason").textValue()).contains("secret");
    String silent = "{\"url\":\"" + url() + "\",\"streams\":[\"hooked\"]}";
    var refused = api.put("/api/v1/webhooks/sealed", silent);
    assertThat(refused.statusCode()).isEqualTo(422);
    assertThat(refused.body()).contains("secret");
    String wanted = body(url(), ",\"streams\":[\"hooked\"],\"events\":[\"emotion\"]");
    assertThat(api.put("/api/v1/webhooks/sealed", wanted).statusCode()).isEqualTo(200);
    awaitBegun("sealed");
    assertThat(status("sealed").get("state").textValue()).isEqualTo("ACTIVE");
    api.delete("/api/v1/webhooks/sealed");
  }

  /** As when secret.key is lost, and then comes back: nobody has to put anything again. */
  @Test
  void goesOnByItselfWhenItsKeyIsBack() throws Exception {
    received.clear();
    Webhook.Builder webhook =
        Webhook.newBuilder()
            .setUrl(url())
            .setStreams(List.of("hooked"))
            .setEvents(List.of("emotion"))
            .setLabels(List.of())
            .setMinScore(0)
            .setRevision(1)
            .setCreatedAt(Instant.EPOCH)
            .setUpdatedAt(Instant.EPOCH);
    api.stop();
    for (String id : List.of("key-lost", "refused")) {
      byte[] sealed = api.stage.secrets().seal(SECRET, WebhookRun.sealedFor(id));
      byte[] key = id.getBytes(StandardCharsets.UTF_8);
      webhook.setWebhookId(id).setSealedSecret(ByteBuffer.wrap(sealed));
      var topics = api.stage.kafka().topics();
      api.send(topics.webhooks(), id, key, Serdes.WEBHOOK.encode(webhook.build()));
      WebhookStatus dead =
          WebhookStatus.newBuilder()
              .setWebhookId(id)
              .setRevision(1)
              .setState(WebhookState.DEAD)
              .setPosition("")
              .setDelivered(7)
              .setReason(
                  id.equals("refused")
                      ? "it answered with status 410"
                      : "its secret was sealed with another key: put the webhook again with its secret")
              .setSince(Instant.EPOCH)
              .build();
      api.send(topics.webhookStatus(), id, key, Serdes.WEBHOOK_STATUS.encode(dead));
    }
    api.start();
    await()
        .atMost(Duration.ofMinutes(2))
        .until(
            () ->
                api.get("/api/v1/webhooks/key-lost").statusCode() == 200
                    && status("key-lost").get("state").textValue().equals("ACTIVE"));
    assertThat(status("key-lost").get("reason").isNull()).isTrue();
    awaitBegun("key-lost");
    write(2000, 2003);
    await()
        .atMost(Duration.ofMinutes(2))
        .until(() -> status("key-lost").get("delivered").longValue() == 10);
    assertThat(sequences()).containsExactly(2000L, 2001L, 2002L);
    assertThat(status("refused").get("state").textValue()).isEqualTo("DEAD");
    assertThat(wrongSignatures).isEmpty();
    api.delete("/api/v1/webhooks/key-lost");
    api.delete("/api/v1/webhooks/refused");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ftp://example.org/",
        "http://user:pw@example.org/",
        "http://EXAMPLE.org/",
        "http://0177.0.0.1/",
        "http://2130706433/",
        "http://127.1/",
        "http:///x",
        "file:/etc/passwd",
        "http://example.org/#x",
      })
  void refusesAddressesThatNoWebhookMayHave(String url) throws Exception {
    assertThat(api.put("/api/v1/webhooks/bad", body(url, "")).statusCode()).as(url).isEqualTo(422);
  }

  @ParameterizedTest
  @CsvSource({
    "169.254.169.254,true,true",
    "0.0.0.0,true,true",
    "224.0.0.1,true,true",
    "100.100.100.200,true,true",
    "[fe80::1],true,true",
    "[::],true,true",
    "[::ffff:169.254.169.254],true,true",
    "[64:ff9b::a9fe:a9fe],true,true",
    "127.0.0.1,false,true",
    "10.1.2.3,false,false",
    "11.1.2.3,false,true",
    "[2001:db8::1],false,true",
  })
  void reachesOnlyWhatItMay(String host, boolean neverReached, boolean refusedElsewhere) {
    URI uri = URI.create("http://" + host + "/");
    assertThat(isRefused(new WebhookAddresses(true, ""), uri)).isEqualTo(neverReached);
    assertThat(isRefused(new WebhookAddresses(false, "10.0.0.0/8"), uri))
        .isEqualTo(refusedElsewhere);
  }

  private static boolean isRefused(WebhookAddresses addresses, URI uri) {
    try {
      addresses.resolve(uri);
      return false;
    } catch (UserException e) {
      return true;
    } catch (IOException e) {
      throw new AssertionError("an address needs no name server", e);
    }
  }
}
