package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pulls from a server on loopback that behaves as each test wants it to. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class ModelPullTest {
  private static final byte[] MODEL = new SeededNumbers(1, "model").bytes(0, 200_000);

  @TempDir Path bundles;
  private HttpServer server;
  private final List<String> ranges = new CopyOnWriteArrayList<>();

  /** How much of an answer goes out before the server closes the connection. */
  private int mostSent = Integer.MAX_VALUE;

  private byte[] served = MODEL;
  private boolean knowsRanges = true;

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 5);
    server.createContext("/model.onnx", this::answer);
    server.createContext("/gone", exchange -> end(exchange, 404));
    server.createContext("/moved", exchange -> redirect(exchange, "/model.onnx"));
    server.createContext("/round", exchange -> redirect(exchange, "/round"));
    server.createContext("/file", exchange -> redirect(exchange, "file:///etc/passwd"));
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private static void end(HttpExchange exchange, int status) throws IOException {
    exchange.sendResponseHeaders(status, -1);
    exchange.close();
  }

  private static void redirect(HttpExchange exchange, String to) throws IOException {
    exchange.getResponseHeaders().add("Location", to);
    end(exchange, 302);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    ranges.add(String.valueOf(range));
    int from = 0;
    if (range != null && knowsRanges) {
      from = Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
      if (from >= served.length) {
        end(exchange, 416);
        return;
      }
      exchange
          .getResponseHeaders()
          .add("Content-Range", "bytes " + from + "-" + (served.length - 1) + "/" + served.length);
    }
    exchange.sendResponseHeaders(from > 0 ? 206 : 200, served.length - from);
    int to = (int) Math.min(served.length, (long) from + mostSent);
    exchange.getResponseBody().write(served, from, to - from);
    exchange.close();
  }

  private KnownModel known(String path) {
    URI address =
        URI.create("http://127.0.0.1:" + server.getAddress().getPort()).resolve("/" + path);
    return new KnownModel(
        "toy", "a toy", "MIT", address, MODEL.length, Digests.sha256(MODEL), "toy/toy.onnx");
  }

  private ModelPull pull(String path) {
    return ModelPull.insecurely(known(path), bundles);
  }

  private Path partial() {
    return bundles.resolve("toy/.toy.onnx.part");
  }

  private void isWhole(ModelPull pull) throws IOException {
    assertThat(Files.readAllBytes(pull.file())).isEqualTo(MODEL);
    assertThat(partial()).doesNotExist();
    assertThat(pull.isThere()).isTrue();
  }

  private static void fails(ModelPull pull, String... words) {
    assertThatThrownBy(() -> pull.download(bytes -> {}))
        .isInstanceOf(BundleException.class)
        .hasMessageContainingAll(words)
        .message()
        .doesNotContain("\n");
    assertThat(pull.file()).doesNotExist();
  }

  @Test
  void fetchesThroughARedirectAndTellsItsProgress() throws IOException {
    ModelPull pull = pull("moved");
    assertThat(pull.isThere()).isFalse();
    List<Long> progress = new ArrayList<>();
    pull.download(progress::add);
    isWhole(pull);
    assertThat(progress).isSorted().endsWith((long) MODEL.length);
  }

  @Test
  void continuesWhereTheConnectionWasCut() throws IOException {
    mostSent = 70_000;
    fails(pull("model.onnx"), "cut after 70000 of 200000 bytes", "run the same again");
    mostSent = Integer.MAX_VALUE;
    pull("model.onnx").download(bytes -> {});
    isWhole(pull("model.onnx"));
    assertThat(ranges).containsExactly("null", "bytes=70000-");
  }

  @Test
  void startsOverWhereTheServerKnowsNoRanges() throws IOException {
    mostSent = 70_000;
    fails(pull("model.onnx"), "cut after");
    mostSent = Integer.MAX_VALUE;
    knowsRanges = false;
    pull("model.onnx").download(bytes -> {});
    isWhole(pull("model.onnx"));
  }

  @Test
  void startsOverWhenTheFirstPartWasOfAnotherFile() throws IOException {
    Files.createDirectories(partial().getParent());
    Files.write(partial(), new byte[50_000]);
    pull("model.onnx").download(bytes -> {});
    isWhole(pull("model.onnx"));
    assertThat(ranges).containsExactly("bytes=50000-", "null");
  }

  @Test
  void throwsAwayWhatHasAnotherDigest() {
    served = MODEL.clone();
    served[100_000] ^= 1;
    fails(pull("model.onnx"), "SHA-256 " + Digests.sha256(served), Digests.sha256(MODEL));
    assertThat(partial()).doesNotExist();
  }

  @Test
  void takesNoMoreThanThePublishedSize() {
    served = Arrays.copyOf(MODEL, 50_000_000);
    List<Long> progress = new ArrayList<>();
    assertThatThrownBy(() -> pull("model.onnx").download(progress::add))
        .isInstanceOf(BundleException.class);
    assertThat(progress.get(progress.size() - 1)).isLessThan(300_000);
  }

  @Test
  void saysWhatToDoWithoutAConnection() {
    KnownModel known = known("model.onnx");
    server.stop(0);
    fails(
        ModelPull.insecurely(known, bundles),
        "no connection to 127.0.0.1",
        "fetch " + known.address(),
        "moodline model pull toy --from FILE",
        bundles.resolve("toy/toy.onnx").toString());
    assertThat(partial()).doesNotExist();
  }

  @Test
  void leavesHttpsForNothing() {
    fails(ModelPull.of(known("model.onnx"), bundles), "https only", "http://127.0.0.1");
    assertThat(ranges).isEmpty();
    fails(pull("file"), "https only", "file://");
    fails(pull("round"), "again and again");
    fails(pull("gone"), "status 404");
  }

  @Test
  void takesAFileThatWasFetchedElsewhere() throws IOException {
    ModelPull pull = pull("model.onnx");
    Path file = Files.write(bundles.resolve("fetched"), MODEL);
    pull.takeFrom(file);
    isWhole(pull);
    Path other = Files.write(bundles.resolve("other"), new byte[10]);
    assertThatThrownBy(() -> pull.takeFrom(other))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("is not what was published");
    isWhole(pull);
    assertThatThrownBy(() -> pull.takeFrom(bundles.resolve("none")))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("none is not there");
  }

  @Test
  void namesTheModelsThatCanBePulled() {
    assertThat(KnownModel.all()).allMatch(known -> known.address().getScheme().equals("https"));
    assertThatThrownBy(() -> KnownModel.of("poster"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("[yunet, yunet-dynamic]");
  }
}
