package io.moodline.sink;

import io.moodline.runtime.SecretBox;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * What instances show each other when they ask for values of their stores. It follows from the key
 * that they share anyway, since without it they could not open the same streams' credentials.
 * Thread-safe.
 */
final class InternalToken {
  private static final String SCHEME = "Bearer ";

  private final String token;

  InternalToken(SecretBox secrets) {
    this.token = HexFormat.of().formatHex(secrets.derive("questions between instances, v1"));
  }

  /** Value of the header Authorization. */
  String header() {
    return SCHEME + token;
  }

  /** Whether that header holds this token; takes equally long for every wrong one. */
  boolean isIn(@Nullable String given) {
    return given != null
        && MessageDigest.isEqual(
            given.getBytes(StandardCharsets.UTF_8), header().getBytes(StandardCharsets.UTF_8));
  }
}
