package io.moodline.sink;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/**
 * One POST to an address that was resolved before: HTTP/1.1, a connection of its own, no redirects,
 * and the answer's status is all that is read. The JDK's client would resolve the name again, so
 * what was checked might not be what is reached. Thread-safe.
 */
final class WebhookPost {
  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration ANSWER = Duration.ofSeconds(10);
  private static final int MAX_STATUS_LINE = 1000;

  private WebhookPost() {}

  /** Sends a body and returns the answer's status. */
  static int send(InetAddress address, URI uri, Map<String, String> headers, byte[] body)
      throws IOException {
    boolean secure = uri.getScheme().equalsIgnoreCase("https");
    int port = uri.getPort() >= 0 ? uri.getPort() : secure ? 443 : 80;
    try (Socket plain = new Socket()) {
      plain.connect(new InetSocketAddress(address, port), (int) CONNECT.toMillis());
      plain.setSoTimeout((int) ANSWER.toMillis());
      try (Socket socket = secure ? secured(plain, uri.getHost(), port) : plain) {
        OutputStream out = socket.getOutputStream();
        out.write(head(uri, headers, body.length).getBytes(StandardCharsets.US_ASCII));
        out.write(body);
        out.flush();
        return status(new BufferedInputStream(socket.getInputStream()));
      }
    }
  }

  /** The certificate has to be the name's, though the address was chosen by us. */
  private static Socket secured(Socket plain, String host, int port) throws IOException {
    SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
    SSLSocket socket = (SSLSocket) factory.createSocket(plain, host, port, true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return socket;
  }

  private static String head(URI uri, Map<String, String> headers, int length) {
    String path = uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
    StringBuilder head =
        new StringBuilder("POST ")
            .append(path)
            .append(uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery())
            .append(" HTTP/1.1\r\nHost: ")
            .append(uri.getHost())
            .append(uri.getPort() < 0 ? "" : ":" + uri.getPort())
            .append("\r\nConnection: close\r\nContent-Length: ")
            .append(length)
            .append("\r\n");
    headers.forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
    return head.append("\r\n").toString();
  }

  private static int status(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b >= 0 && b != '\n' && line.length() < MAX_STATUS_LINE; b = in.read()) {
      line.append((char) b);
    }
    if (!line.toString().matches("HTTP/1\\.[01] [1-5][0-9]{2}( .*)?\r?")) {
      throw new IOException("the answer is no HTTP");
    }
    return Integer.parseInt(line.substring(9, 12));
  }
}
