package io.moodline.ingest;

import io.moodline.runtime.UserException;
import io.moodline.schemas.SourceUri;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Collection;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Connects to sources: to the address that the policy has passed, never to a name; with TLS whose
 * certificate is verified for the name. Thread-safe.
 */
final class Dialer {
  /**
   * How long a source may take.
   *
   * @param connect to take the connection, and to agree on TLS
   * @param open from the connection to its first answer that counts
   * @param silence between two bytes
   */
  record Patience(Duration connect, Duration open, Duration silence) {
    static final Patience USUAL =
        new Patience(Duration.ofSeconds(5), Duration.ofSeconds(8), Duration.ofSeconds(10));
  }

  private final SSLContext tls;
  private final Patience patience;

  private Dialer(SSLContext tls, Patience patience) {
    this.tls = tls;
    this.patience = patience;
  }

  /**
   * A dialer that trusts what Java trusts, and the authorities in a file.
   *
   * @param authorities PEM file with certificates of further authorities; empty for none
   * @throws UserException when the file can not be read
   */
  static Dialer of(String authorities, Patience patience) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust(authorities).getTrustManagers(), null);
      return new Dialer(context, patience);
    } catch (GeneralSecurityException | IOException e) {
      throw new UserException(
          "ingest.tls.authorities '" + authorities + "' can not be used: " + e.getMessage(), e);
    }
  }

  private static TrustManagerFactory trust(String authorities)
      throws GeneralSecurityException, IOException {
    var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init((KeyStore) null);
    if (authorities.isEmpty()) {
      return factory;
    }
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    int number = 0;
    for (Certificate usual :
        ((X509TrustManager) factory.getTrustManagers()[0]).getAcceptedIssuers()) {
      store.setCertificateEntry("usual-" + number++, usual);
    }
    try (InputStream in = Files.newInputStream(Path.of(authorities))) {
      Collection<? extends Certificate> given =
          CertificateFactory.getInstance("X.509").generateCertificates(in);
      if (given.isEmpty()) {
        throw new IOException("it holds no certificate");
      }
      for (Certificate authority : given) {
        store.setCertificateEntry("given-" + number++, authority);
      }
    }
    factory.init(store);
    return factory;
  }

  Patience patience() {
    return patience;
  }

  /**
   * Connects.
   *
   * @param owner told of the socket before it connects, so that it can be closed meanwhile
   */
  Wire dial(SourceUri uri, InetAddress address, Consumer<Socket> owner) throws IOException {
    TimedSocket socket = new TimedSocket();
    owner.accept(socket);
    int millis = (int) patience.connect().toMillis();
    socket.setTcpNoDelay(true);
    socket.connect(new InetSocketAddress(address, uri.port()), millis);
    Wire wire = new Wire(socket, secured(uri, socket, millis), patience.silence());
    wire.within(patience.open());
    return wire;
  }

  private Socket secured(SourceUri uri, TimedSocket socket, int millis) throws IOException {
    if (!uri.scheme().isSecure()) {
      return socket;
    }
    String host = uri.host().replaceAll("[\\[\\]]", "");
    SSLSocket secure =
        (SSLSocket) tls.getSocketFactory().createSocket(socket, host, uri.port(), true);
    SSLParameters parameters = secure.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    secure.setSSLParameters(parameters);
    secure.setSoTimeout(millis);
    socket.until(System.nanoTime() + patience.connect().toNanos());
    secure.startHandshake();
    return secure;
  }
}
