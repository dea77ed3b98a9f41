package io.moodline.sink;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.streams.state.HostInfo;

/**
 * Asks other instances over HTTP, see {@link StoreRoutes}; each value travels behind its length.
 * Thread-safe.
 */
final class RemoteStores {
  static final String STALE = "Moodline-Stale";

  private static final Duration CONNECT = Duration.ofSeconds(2);
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int MAX_VALUE_BYTES = 8 * 1024 * 1024;

  private final InternalToken token;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECT)
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  RemoteStores(InternalToken token) {
    this.token = token;
  }

  /** Fails with a {@link NotReadyException} when that instance can not answer. */
  CompletableFuture<StoreAnswer> ask(HostInfo host, StoreQuestion question, boolean staleAllowed) {
    HttpRequest request =
        HttpRequest.newBuilder(address(host, question, staleAllowed))
            .timeout(PATIENCE)
            .header("Authorization", token.header())
            .build();
    return http.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray())
        .thenApply(answer -> read(host, answer));
  }

  private static URI address(HostInfo host, StoreQuestion question, boolean staleAllowed) {
    String name = host.host().contains(":") ? "[" + host.host() + "]" : host.host();
    HexFormat hex = HexFormat.of();
    return URI.create(
        "http://%s:%d/internal/v1/stores/%s?stream=%s&from=%s&to=%s&limit=%d&newestFirst=%b&stale=%b"
            .formatted(
                name,
                host.port(),
                question.store().word(),
                question.streamId(),
                hex.formatHex(question.from()),
                hex.formatHex(question.to()),
                question.limit(),
                question.newestFirst(),
                staleAllowed));
  }

  private static StoreAnswer read(HostInfo host, HttpResponse<byte[]> answer) {
    if (answer.statusCode() != 200) {
      throw new NotReadyException(
          "instance " + host.host() + " answered with status " + answer.statusCode());
    }
    boolean stale = answer.headers().firstValue(STALE).map("true"::equals).orElse(true);
    return new StoreAnswer(decode(answer.body()), stale);
  }

  static void encode(List<byte[]> values, OutputStream to) throws IOException {
    DataOutputStream out = new DataOutputStream(to);
    for (byte[] value : values) {
      out.writeInt(value.length);
      out.write(value);
    }
    out.flush();
  }

  static List<byte[]> decode(byte[] body) {
    List<byte[]> values = new ArrayList<>();
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(body))) {
      while (in.available() > 0) {
        int length = in.readInt();
        if (length < 0 || length > Math.min(MAX_VALUE_BYTES, in.available())) {
          throw new EOFException("a value of " + length + " bytes");
        }
        values.add(in.readNBytes(length));
      }
      return values;
    } catch (IOException e) {
      throw new UncheckedIOException("another instance's answer can not be read", e);
    }
  }
}
