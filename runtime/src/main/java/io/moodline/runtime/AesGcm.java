package io.moodline.runtime;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * AES-256 in GCM mode (NIST SP 800-38D) under one key: sealed bytes are a random 96-bit nonce, the
 * ciphertext and a 128-bit tag, and open only for the use that they were sealed for. Thread-safe.
 */
final class AesGcm {
  static final int KEY_BYTES = 32;
  static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  /** By how much sealed bytes are longer than plain ones. */
  static final int OVERHEAD_BYTES = NONCE_BYTES + TAG_BITS / 8;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final SecretKeySpec key;

  AesGcm(byte[] key) {
    this.key = new SecretKeySpec(key, "AES");
  }

  /** A new key. */
  static byte[] newKey() {
    byte[] key = new byte[KEY_BYTES];
    RANDOM.nextBytes(key);
    return key;
  }

  byte[] key() {
    return key.getEncoded();
  }

  /**
   * Nonce, ciphertext and tag.
   *
   * @param use associated data: whose these bytes are
   */
  byte[] seal(byte[] plain, String use) {
    byte[] nonce = new byte[NONCE_BYTES];
    RANDOM.nextBytes(nonce);
    try {
      Cipher cipher = cipher(Cipher.ENCRYPT_MODE, nonce, use);
      byte[] sealed = Arrays.copyOf(nonce, NONCE_BYTES + cipher.getOutputSize(plain.length));
      cipher.doFinal(plain, 0, plain.length, sealed, NONCE_BYTES);
      return sealed;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has AES in GCM mode", e);
    }
  }

  /**
   * Opens what {@link #seal} made for the same use.
   *
   * @throws GeneralSecurityException when the bytes were changed, or sealed for another use or
   *     under another key
   */
  byte[] open(byte[] sealed, String use) throws GeneralSecurityException {
    if (sealed.length < OVERHEAD_BYTES) {
      throw new GeneralSecurityException("shorter than nonce and tag");
    }
    byte[] nonce = Arrays.copyOf(sealed, NONCE_BYTES);
    return cipher(Cipher.DECRYPT_MODE, nonce, use)
        .doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES);
  }

  private Cipher cipher(int mode, byte[] nonce, String use) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(use.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }
}
