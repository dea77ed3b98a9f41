package io.moodline.deploy;

import io.moodline.runtime.UserException;
import java.net.URI;
import picocli.CommandLine.Option;

/** Which running server a command talks to. */
final class ServerOption {
  @Option(
      names = "--server",
      paramLabel = "URL",
      defaultValue = "${env:MOODLINE_SERVER:-http://127.0.0.1:7470}",
      description =
          "Address of the running server (default: MOODLINE_SERVER, else ${DEFAULT-VALUE}).")
  String server = "";

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      defaultValue = "${env:MOODLINE_TOKEN:-}",
      description = "Access token, where the server demands one (default: MOODLINE_TOKEN).")
  String token = "";

  ApiClient client() {
    return client(server, token);
  }

  static ApiClient client(String server, String token) {
    try {
      return new ApiClient(URI.create(server), token);
    } catch (IllegalArgumentException e) {
      throw new UserException("server '" + server + "' is no address: write http://host:port", e);
    }
  }
}
