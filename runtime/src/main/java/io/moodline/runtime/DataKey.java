package io.moodline.runtime;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.UUID;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The key of one stream: seals its frames and faces with AES-256 in GCM mode (NIST SP 800-38D), a
 * random 96-bit nonce in front. The standard allows a key 2^32 random nonces, which is three years
 * of a stream of 15 frames per second with a model under trial. Thread-safe.
 */
public final class DataKey {
  static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final String streamId;
  private final String id;
  private final SecretKeySpec key;

  DataKey(String streamId, String id, byte[] key) {
    this.streamId = streamId;
    this.id = id;
    this.key = new SecretKeySpec(key, "AES");
  }

  /** A new key with an id of its own. */
  public static DataKey create(String streamId) {
    byte[] key = new byte[KEY_BYTES];
    RANDOM.nextBytes(key);
    return new DataKey(streamId, UUID.randomUUID().toString(), key);
  }

  /**
   * What sealed bytes belong to: they open nowhere else.
   *
   * @param what kind of content, without a line break
   * @param sequence the frame's
   */
  public record Place(String what, String streamId, String runId, long sequence) {
    private byte[] bytes() {
      String text = what + "\n" + streamId + "\n" + sequence + "\n" + runId;
      return text.getBytes(StandardCharsets.UTF_8);
    }
  }

  /** Sealed bytes were changed, or belong to another place or key. */
  public static final class BrokenSealException extends Exception {
    private static final long serialVersionUID = 1L;

    BrokenSealException(Throwable cause) {
      super("sealed bytes were changed, or are those of another record", cause);
    }
  }

  public String streamId() {
    return streamId;
  }

  public String id() {
    return id;
  }

  byte[] bytes() {
    return key.getEncoded();
  }

  /** Nonce, ciphertext and tag. */
  public byte[] seal(byte[] plain, Place place) {
    byte[] nonce = new byte[NONCE_BYTES];
    RANDOM.nextBytes(nonce);
    try {
      Cipher cipher = cipher(Cipher.ENCRYPT_MODE, nonce, place);
      byte[] sealed = Arrays.copyOf(nonce, NONCE_BYTES + cipher.getOutputSize(plain.length));
      cipher.doFinal(plain, 0, plain.length, sealed, NONCE_BYTES);
      return sealed;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has AES in GCM mode", e);
    }
  }

  /**
   * Opens what {@link #seal} made for the same place.
   *
   * @param sealed read from its position to its limit, which stay as they are
   */
  public byte[] open(ByteBuffer sealed, Place place) throws BrokenSealException {
    byte[] bytes = new byte[sealed.remaining()];
    sealed.duplicate().get(bytes);
    if (bytes.length < NONCE_BYTES + TAG_BITS / 8) {
      throw new BrokenSealException(new GeneralSecurityException("shorter than nonce and tag"));
    }
    try {
      byte[] nonce = Arrays.copyOf(bytes, NONCE_BYTES);
      return cipher(Cipher.DECRYPT_MODE, nonce, place)
          .doFinal(bytes, NONCE_BYTES, bytes.length - NONCE_BYTES);
    } catch (GeneralSecurityException e) {
      throw new BrokenSealException(e);
    }
  }

  private Cipher cipher(int mode, byte[] nonce, Place place) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(place.bytes());
    return cipher;
  }

  /** Never the key. */
  @Override
  public String toString() {
    return "DataKey[" + streamId + ", " + id + "]";
  }
}
