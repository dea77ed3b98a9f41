package io.moodline.ingest;

import io.moodline.schemas.SourceUri;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;

/** Where an answer sends its reader to, read by the same strict grammar as what a user gives. */
final class Redirects {
  private Redirects() {}

  /**
   * The target of a redirect.
   *
   * @throws SourceException when it is missing, or no source that may be followed: it has to speak
   *     the same protocol, and encryption is never given up
   */
  static SourceUri target(SourceUri from, Optional<String> location) throws SourceException {
    if (location.isEmpty()) {
      throw new SourceException("sends its readers elsewhere, and does not say where", true);
    }
    return resolve(from, location.get());
  }

  /** An address that a source names, relative to where it was named. */
  static SourceUri resolve(SourceUri from, String reference) throws SourceException {
    try {
      URI base = new URI(from.toString());
      URI resolved = base.resolve(reference);
      SourceUri target = SourceUri.parse(resolved.toString().replaceFirst("#.*$", ""));
      boolean sameProtocol = isHttp(from) == isHttp(target) && target.scheme().isNetwork();
      if (!sameProtocol || from.scheme().isSecure() && !target.scheme().isSecure()) {
        throw refused(target.scheme().name().toLowerCase(java.util.Locale.ROOT));
      }
      return target;
    } catch (URISyntaxException | IllegalArgumentException e) {
      throw refused("an address that is not understood");
    }
  }

  private static boolean isHttp(SourceUri uri) {
    return uri.scheme() == SourceUri.Scheme.HTTP || uri.scheme() == SourceUri.Scheme.HTTPS;
  }

  private static SourceException refused(String where) {
    return new SourceException("leads elsewhere: " + where + " is not followed", true);
  }
}
