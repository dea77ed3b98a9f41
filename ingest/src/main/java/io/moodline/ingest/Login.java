package io.moodline.ingest;

import io.moodline.schemas.SourceUri;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Answers what a camera asks before it lets anyone in: Digest (RFC 7616, with SHA-256 or MD5) where
 * it is offered, else Basic (RFC 7617). Confined to one thread.
 */
final class Login {
  private static final Pattern PARAMETER =
      Pattern.compile("([A-Za-z_-]+)\\s*=\\s*(?:\"((?:[^\"\\\\]|\\\\.)*)\"|([^,\\s]*))");

  /** So often in a row may a question be too old that was answered at once. */
  private static final int MOST_RENEWALS = 8;

  private final String user;
  private final String password;
  private @Nullable Map<String, String> digest;
  private boolean basic;
  private int uses;
  private int renewals;

  private Login(String user, String password) {
    this.user = user;
    this.password = password;
  }

  /** The login of a source's credentials; empty where it has none. */
  static Optional<Login> of(SourceUri uri) {
    return uri.credentials()
        .map(
            secret -> {
              String[] parts = secret.reveal().split(":", 2);
              return new Login(decode(parts[0]), parts.length > 1 ? decode(parts[1]) : "");
            });
  }

  private static String decode(String text) {
    try {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return text; // a bare percent sign: taken as it is
    }
  }

  /**
   * Takes what a 401 asks for.
   *
   * @return whether another try can do better: not after the same question was answered already,
   *     unless it was too old, as the camera says, or shows by another one after it had let us in
   */
  boolean challenged(List<String> challenges) {
    boolean answered = digest != null || basic;
    Optional<Map<String, String>> best =
        challenges.stream()
            .filter(text -> text.regionMatches(true, 0, "Digest ", 0, 7))
            .map(Login::parameters)
            .filter(Login::isKnown)
            .max(
                java.util.Comparator.comparing(
                    Login::algorithm, java.util.Comparator.comparing("SHA-256"::equals)));
    boolean stale = best.isPresent() && (isStale(best.get()) || uses > 1 && isNew(best.get()));
    renewals = uses > 1 ? 1 : renewals + 1;
    if (answered && (!stale || renewals > MOST_RENEWALS)) {
      return false;
    }
    uses = 0; // counted for each question anew (RFC 7616, 3.4)
    digest = best.orElse(null);
    basic =
        digest == null
            && challenges.stream().anyMatch(text -> text.regionMatches(true, 0, "Basic", 0, 5));
    return digest != null || basic;
  }

  private static boolean isStale(Map<String, String> asked) {
    return "true".equalsIgnoreCase(asked.get("stale"));
  }

  private boolean isNew(Map<String, String> asked) {
    return digest != null && !asked.getOrDefault("nonce", "").equals(digest.get("nonce"));
  }

  private static Map<String, String> parameters(String challenge) {
    Map<String, String> found = new HashMap<>();
    Matcher matcher = PARAMETER.matcher(challenge.substring(7));
    while (matcher.find()) {
      String quoted = matcher.group(2);
      found.put(
          matcher.group(1).toLowerCase(Locale.ROOT),
          quoted == null ? matcher.group(3) : quoted.replaceAll("\\\\(.)", "$1"));
    }
    return found;
  }

  private static boolean isKnown(Map<String, String> asked) {
    String qop = asked.get("qop");
    return asked.containsKey("nonce")
        && List.of("MD5", "SHA-256").contains(algorithm(asked))
        && (qop == null || List.of(qop.split("\\s*,\\s*")).contains("auth"));
  }

  private static String algorithm(Map<String, String> asked) {
    return asked.getOrDefault("algorithm", "MD5").toUpperCase(Locale.ROOT);
  }

  /** The value of the header Authorization for a request; empty before anything was asked. */
  Optional<String> authorization(String method, String uri) {
    Map<String, String> asked = digest;
    if (asked != null) {
      return Optional.of(digest(asked, method, uri));
    }
    if (basic) {
      byte[] pair = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
      return Optional.of("Basic " + Base64.getEncoder().encodeToString(pair));
    }
    return Optional.empty();
  }

  private String digest(Map<String, String> asked, String method, String uri) {
    uses++;
    String realm = asked.getOrDefault("realm", "");
    String nonce = asked.getOrDefault("nonce", "");
    String algorithm = algorithm(asked);
    String secret = hash(algorithm, user + ":" + realm + ":" + password);
    String request = hash(algorithm, method + ":" + uri);
    StringBuilder header =
        new StringBuilder("Digest username=")
            .append(quote(user))
            .append(", realm=")
            .append(quote(realm))
            .append(", nonce=")
            .append(quote(nonce))
            .append(", uri=")
            .append(quote(uri));
    if (asked.containsKey("algorithm")) {
      header.append(", algorithm=").append(algorithm);
    }
    if (asked.containsKey("qop")) {
      String count = String.format(Locale.ROOT, "%08x", uses);
      String client = HexFormat.of().toHexDigits(new SecureRandom().nextLong());
      String response =
          hash(algorithm, String.join(":", secret, nonce, count, client, "auth", request));
      header
          .append(", qop=auth, nc=")
          .append(count)
          .append(", cnonce=")
          .append(quote(client))
          .append(", response=")
          .append(quote(response));
    } else {
      header
          .append(", response=")
          .append(quote(hash(algorithm, secret + ":" + nonce + ":" + request)));
    }
    if (asked.containsKey("opaque")) {
      header.append(", opaque=").append(quote(asked.getOrDefault("opaque", "")));
    }
    return header.toString();
  }

  private static String quote(String text) {
    String line = text.replaceAll("\\p{Cntrl}", ""); // no line of its own in the head
    return '"' + line.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  private static String hash(String algorithm, String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance(algorithm).digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has MD5 and SHA-256", e);
    }
  }
}
