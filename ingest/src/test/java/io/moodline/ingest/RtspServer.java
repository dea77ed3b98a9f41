package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moodline.schemas.SourceUri;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** GStreamer's RTSP server in a process of its own, on loopback. */
final class RtspServer implements AutoCloseable {
  private static final String PYTHON = "/usr/bin/python3";

  private final Process process;
  private final int port;

  private RtspServer(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /** Skips the test where GStreamer's server is not installed, but never in CI. */
  static void assumeInstalled() throws IOException, InterruptedException {
    boolean installed = false;
    if (Path.of(PYTHON).toFile().canExecute()) {
      String check =
          "import gi; gi.require_version('GstRtspServer', '1.0');"
              + "from gi.repository import Gst, GstRtspServer; Gst.init(None);"
              + "exit(not all(map(Gst.ElementFactory.find, ['qtdemux', 'h264parse', 'rtph264pay'])))";
      Process process =
          new ProcessBuilder(PYTHON, "-c", check)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      installed = process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0;
    }
    if ("true".equals(System.getenv("CI"))) {
      assertThat(installed).as("CI has GStreamer's RTSP server").isTrue();
    }
    assumeTrue(installed, "GStreamer's RTSP server is not installed");
  }

  static RtspServer start(Path file, int port, String... credentials)
      throws IOException, URISyntaxException {
    Path script =
        Path.of(Objects.requireNonNull(RtspServer.class.getResource("rtsp_server.py")).toURI());
    List<String> command =
        new ArrayList<>(
            List.of(PYTHON, script.toString(), file.toString(), Integer.toString(port)));
    command.addAll(List.of(credentials));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    var out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
    return new RtspServer(process, Integer.parseInt(Objects.requireNonNull(out.readLine())));
  }

  int port() {
    return port;
  }

  /** An order for a path of this server; credentials with an at sign behind, or empty. */
  DecodeOrder.Network order(String credentials, String path, double rate) {
    SourceUri uri = SourceUri.parse("rtsp://" + credentials + "127.0.0.1:" + port + path);
    return new DecodeOrder.Network(uri, InetAddress.getLoopbackAddress(), rate);
  }

  /** Stops it in mid-sentence, with its connections open. */
  void freeze() throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-STOP", Long.toString(process.pid())).start().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
