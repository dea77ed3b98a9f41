package io.moodline.models;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/** SHA-256 as lower-case hex. Thread-safe. */
final class Digests {
  private Digests() {}

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  static void check(byte[] bytes, String expected, String where) {
    String actual = sha256(bytes);
    if (!actual.equals(expected.toLowerCase(Locale.ROOT))) {
      throw new BundleException(
          where
              + " has SHA-256 "
              + actual
              + " instead of "
              + expected
              + "; it was changed or cut off: fetch or make it again");
    }
  }
}
