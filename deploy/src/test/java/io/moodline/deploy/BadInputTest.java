package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a person gets for wrong input: one line that names the thing and the remedy, exit code 2.
 */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class BadInputTest {
  @TempDir Path folder;
  private Cli cli;

  @BeforeEach
  void setUp() {
    cli = new Cli(folder.resolve("home"));
  }

  @Test
  void videosThatAreNone() throws Exception {
    Path empty = Files.createFile(folder.resolve("empty.mp4"));
    Path text = Files.writeString(folder.resolve("text.mp4"), "This is no video.\n".repeat(100));
    Path playlist = Files.writeString(folder.resolve("list.mp4"), "#EXTM3U\n/etc/passwd\n");
    refused(List.of("empty.mp4", "empty"), "replay", empty.toString());
    refused(List.of("text.mp4", "not a video"), "replay", text.toString());
    refused(List.of("list.mp4", "not a video"), "replay", playlist.toString());
    refused(
        List.of("missing.mp4", "not found"), "replay", folder.resolve("missing.mp4").toString());
    refused(List.of(folder.toString(), "not a readable file"), "replay", folder.toString());
  }

  @Test
  void aVideoWhoseHeadAloneIsRight() throws Exception {
    byte[] bytes = new byte[20_000];
    new Random(1).nextBytes(bytes);
    byte[] head = {0, 0, 0, 0x18, 'f', 't', 'y', 'p', 'i', 's', 'o', 'm', 0, 0, 2, 0};
    System.arraycopy(head, 0, bytes, 0, head.length);
    Path broken = Files.write(folder.resolve("broken.mp4"), bytes);
    refused(List.of("broken.mp4"), "replay", broken.toString());
  }

  @Test
  void anAddressThatOthersReachWithoutTokens() {
    refused(
        List.of("0.0.0.0", "moodline token create admin"),
        "serve",
        "--listen",
        "0.0.0.0:0",
        "--set",
        "broker.port=0");
    refused(List.of("root", "viewer, operator or admin"), "token", "create", "root");
    refused(List.of("none", "moodline token list"), "token", "revoke", "none");
  }

  @Test
  void aTokenIsShownOnceAndThenListed() {
    Cli.Result made = cli.run("token", "create", "operator", "--note", "the lobby");
    assertThat(made.code()).isZero();
    assertThat(made.out()).matches("moodline_[0-9a-f]{8}_[0-9a-f]{64}\\R");
    Cli.Result listed = cli.run("token", "list");
    String id = made.out().substring("moodline_".length(), "moodline_".length() + 8);
    assertThat(listed.out()).contains(id, "operator", "the lobby");
    assertThat(listed.out()).doesNotContain(made.out().strip().substring(20));
    assertThat(cli.run("token", "revoke", id).code()).isZero();
    assertThat(cli.run("token", "list", "--json").out()).doesNotContain(id);
  }

  @Test
  void picturesThatAreNone() throws Exception {
    Path text = Files.writeString(folder.resolve("text.jpg"), "no picture");
    refused(List.of("text.jpg"), "predict", text.toString());
    refused(
        List.of("missing.jpg", "not found"), "predict", folder.resolve("missing.jpg").toString());
  }

  @Test
  void streamsThatCanNotBe() {
    refused(
        List.of("a/b", "not valid"), "stream", "add", "a/b", "rtsp://host/x", "--purpose", "demo");
    refused(List.of("gopher", "rtsp"), "stream", "add", "lobby", "gopher://x", "--purpose", "demo");
    refused(
        List.of("workplace", "Article 5(1)(f)"),
        "stream",
        "add",
        "lobby",
        "rtsp://host/x",
        "--purpose",
        "workplace");
    refused(List.of("purpose", "research"), "stream", "add", "lobby", "rtsp://host/x");
  }

  @Test
  void settingsThatCanNotBe() throws Exception {
    refused(List.of("http.prot", "not known"), "serve", "--set", "http.prot=1");
    refused(List.of("--stages", "kafka.bootstrap.servers"), "serve", "--stages", "ingest,sink");
    for (String own : List.of("kafka.bootstrap.servers=k:9092", "http.tokens.always=true")) {
      refused(List.of("--set " + own.split("=")[0], "moodline serve"), "demo", "--set", own);
    }
    refused(List.of("http.port", "70000"), "serve", "--set", "http.port=70000");
    refused(
        List.of("http.host"),
        "serve",
        "--set",
        "http.host=0.0.0.0",
        "--set",
        "http.port=0",
        "--set",
        "broker.port=0");
    try (ServerSocket busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = Integer.toString(busy.getLocalPort());
      refused(
          List.of("port " + port, "busy"),
          "serve",
          "--set",
          "http.port=" + port,
          "--set",
          "broker.port=0");
      refused(
          List.of("port " + port, "busy"),
          "demo",
          "--exit",
          "--set",
          "http.port=0",
          "--set",
          "broker.port=" + port);
    }
  }

  @Test
  void devicesThatAreNotThere() throws Exception {
    assumeFalse(Files.exists(Path.of("/proc/driver/nvidia")), "this machine may have one");
    Samples.crop(folder.resolve("happy/x.png"), 0, 0, 64, 64);
    String picture = Samples.portrait().toString();
    String set = "analyzer.device=cuda";
    refused(List.of("analyzer.device", "cuda", "auto or cpu"), "predict", picture, "--set", set);
    refused(
        List.of("analyzer.device", "tensorrt", "auto or cpu"),
        "model",
        "show",
        "lite-ferplus",
        "--set",
        "analyzer.device=tensorrt");
    refused(
        List.of("analyzer.device", "cuda", "auto or cpu"),
        "evaluate",
        "--data",
        folder.toString(),
        "--set",
        set);
    refused(
        List.of("analyzer.device", "gpu", "tensorrt"),
        "predict",
        picture,
        "--set",
        "analyzer.device=gpu");
  }

  @Test
  void figuresThatCanNotBeWritten() throws Exception {
    Path data = folder.resolve("data");
    Samples.crop(data.resolve("happy/1.png"), 100, 0, 300, 300);
    refused(
        List.of("nowhere", "can not be written"),
        "evaluate",
        "--data",
        data.toString(),
        "--json",
        folder.resolve("nowhere/figures.json").toString());
    refused(List.of("bogus"), "evaluate", "--data", data.toString(), "--labels", "bogus");
  }

  @Test
  void aHomeThatCanNotBeWritten() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    cli = new Cli(file.resolve("home"));
    refused(List.of("MOODLINE_HOME", file.toString()), "demo", "--exit");
  }

  @Test
  void aServerThatIsNotThere() {
    refused(
        List.of("127.0.0.1:1", "moodline serve"),
        "stream",
        "list",
        "--server",
        "http://127.0.0.1:1");
    refused(List.of("nonsense"), "stream", "list", "--server", "nonsense");
    refused(List.of("http://"), "watch", "lobby", "--server", "ftp://127.0.0.1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"reply x.mp4", "replay", "replay a.mp4 --fast", "stream", "predict", ""})
  void commandsThatAreNotUnderstood(String line) {
    Cli.Result result = cli.run(line.isEmpty() ? new String[0] : line.split(" "));
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).isNotBlank().doesNotContain("\tat ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--help",
        "--version",
        "demo --help",
        "serve --help",
        "replay --help",
        "predict --help",
        "evaluate --help",
        "model --help",
        "model import --help",
        "model list --help",
        "model show --help",
        "model verify --help",
        "model pull --help",
        "model quantize --help",
        "model remove --help",
        "stream --help",
        "stream add --help",
        "stream list --help",
        "stream show --help",
        "stream remove --help",
        "watch --help",
        "timeline --help",
        "settings --help",
        "replay --version"
      })
  void helpAndVersionWorkAtEveryLevel(String line) {
    Cli.Result result = cli.run(line.split(" "));
    assertThat(result.code()).isZero();
    assertThat(result.out()).containsIgnoringCase("moodline");
    assertThat(result.err()).isEmpty();
  }

  private void refused(List<String> words, String... args) {
    Cli.Result result = cli.run(args);
    String what = String.join(" ", args) + "\n" + result.out() + result.err();
    assertThat(result.code()).as(what).isEqualTo(2);
    assertThat(result.out()).as(what).isEmpty();
    assertThat(result.err().strip().lines())
        .as(what)
        .singleElement()
        .asString()
        .startsWith("moodline: ")
        .contains(words);
  }
}
