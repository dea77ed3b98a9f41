package io.moodline.ingest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The head of an HTTP or RTSP message: its first line and its headers, whose names are kept in
 * lower case. Thread-safe.
 */
record WireHead(String start, Map<String, List<String>> headers) {
  private static final int MOST_HEADERS = 100;

  /** Reads a head. */
  static WireHead read(Wire wire) throws IOException {
    return read(wire, wire.readLine());
  }

  /** Reads the headers that follow a first line. */
  static WireHead read(Wire wire, String start) throws IOException {
    Map<String, List<String>> headers = new TreeMap<>();
    String line = wire.readLine();
    for (int count = 0; !line.isEmpty(); count++) {
      int colon = line.indexOf(':');
      if (count >= MOST_HEADERS || colon <= 0) {
        throw new WireException("answers with headers that can not be read");
      }
      headers
          .computeIfAbsent(
              line.substring(0, colon).strip().toLowerCase(Locale.ROOT), n -> new ArrayList<>())
          .add(line.substring(colon + 1).strip());
      line = wire.readLine();
    }
    return new WireHead(start, headers);
  }

  /**
   * The status of an answer.
   *
   * @param protocol {@code HTTP} or {@code RTSP}
   */
  int status(String protocol) throws IOException {
    String[] words = start.split(" ", 3);
    if (words.length >= 2
        && words[0].startsWith(protocol + "/")
        && words[1].matches("[1-9][0-9]{2}")) {
      return Integer.parseInt(words[1]);
    }
    throw new WireException("does not speak " + protocol);
  }

  Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name)).map(values -> values.get(0));
  }

  List<String> all(String name) {
    return headers.getOrDefault(name, List.of());
  }

  /**
   * Length of the body as it is stated; empty where it is not.
   *
   * @throws IOException when it is no length
   */
  Optional<Long> contentLength() throws IOException {
    Optional<String> text = header("content-length");
    if (text.isPresent() && !text.get().matches("[0-9]{1,15}")) {
      throw new WireException("states a length that is none");
    }
    return text.map(Long::parseLong);
  }
}
