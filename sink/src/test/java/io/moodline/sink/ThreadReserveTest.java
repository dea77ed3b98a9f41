package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class ThreadReserveTest {
  private static final int PLACES = 3;

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Server server = new Server();
  private final ServerConnector connector = new ServerConnector(server);
  private final CountDownLatch begun = new CountDownLatch(PLACES);
  private final CountDownLatch end = new CountDownLatch(1);
  private final List<CompletableFuture<HttpResponse<String>>> slow = new ArrayList<>();

  /** Stands for clients that take nothing for a while. */
  private final class Slow extends Handler.Abstract {
    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
      String path = Request.getPathInContext(request);
      if (path.startsWith("/slow")) {
        begun.countDown();
        end.await();
      } else if (path.startsWith("/endless")) {
        begun.countDown();
        writeOn(response);
      }
      response.setStatus(200);
      response.write(true, null, callback);
      return true;
    }
  }

  /** Writes until the connection breaks. */
  private static void writeOn(Response response) throws IOException {
    byte[] block = new byte[64 * 1024];
    while (true) {
      Content.Sink.write(response, false, ByteBuffer.wrap(block));
    }
  }

  /** Starts a server all of whose places are held. */
  private void start(Duration patience) throws Exception {
    serve(patience);
    for (int i = 0; i < PLACES; i++) {
      slow.add(ask("/slow"));
    }
    assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();
  }

  private void serve(Duration patience) throws Exception {
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    ThreadReserve reserve = new ThreadReserve(PLACES, patience, Duration.ofMillis(300));
    reserve.setHandler(new Slow());
    server.setHandler(reserve);
    server.start();
  }

  @AfterEach
  void stop() throws Exception {
    end.countDown();
    server.stop();
  }

  private CompletableFuture<HttpResponse<String>> ask(String path) {
    URI address = URI.create("http://127.0.0.1:" + connector.getLocalPort() + path);
    return client.sendAsync(
        HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(120)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void tellsHealthHoweverManyClientsAreSlow() throws Exception {
    start(Duration.ofMillis(100));
    HttpResponse<String> refused = ask("/api/v1/streams").get();
    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(refused.headers().firstValue("Retry-After")).isPresent();
    assertThat(refused.body()).contains("\"status\":503");
    assertThat(ask("/health/live").get().statusCode()).isEqualTo(200);
    end.countDown();
    for (CompletableFuture<HttpResponse<String>> one : slow) {
      assertThat(one.get().statusCode()).isEqualTo(200);
    }
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> ask("/api/v1/streams").get().statusCode() == 200);
  }

  @Test
  void answersThoseWhoWaitedAsPlacesBecomeFree() throws Exception {
    start(Duration.ofMinutes(2));
    List<CompletableFuture<HttpResponse<String>>> waiting = new ArrayList<>();
    for (int i = 0; i < 10 * PLACES; i++) {
      waiting.add(ask("/api/v1/streams"));
    }
    assertThat(ask("/health/live").get().statusCode()).isEqualTo(200);
    assertThat(waiting).noneMatch(CompletableFuture::isDone);
    end.countDown();
    for (CompletableFuture<HttpResponse<String>> one : waiting) {
      assertThat(one.get().statusCode()).isEqualTo(200);
    }
  }

  @Test
  void cutsReadersThatTakeNothingWhileOthersWait() throws Exception {
    serve(Duration.ofSeconds(1));
    List<Socket> readers = new ArrayList<>();
    try {
      for (int i = 0; i < PLACES; i++) {
        Socket reader = new Socket(InetAddress.getLoopbackAddress(), connector.getLocalPort());
        readers.add(reader);
        reader
            .getOutputStream()
            .write(
                "GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
      }
      assertThat(begun.await(60, TimeUnit.SECONDS)).isTrue();
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> ask("/api/v1/streams").get().statusCode() == 200);
    } finally {
      for (Socket reader : readers) {
        reader.close();
      }
    }
  }
}
