package io.moodline.runtime;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.UUID;

/**
 * The key of one stream: seals its frames and faces with {@link AesGcm}. NIST SP 800-38D allows a
 * key 2^32 random nonces, which is three years of a stream of 15 frames per second with a model
 * under trial. Thread-safe.
 */
public final class DataKey {
  private final String streamId;
  private final String id;
  private final AesGcm key;

  DataKey(String streamId, String id, byte[] key) {
    this.streamId = streamId;
    this.id = id;
    this.key = new AesGcm(key);
  }

  /** A new key with an id of its own. */
  public static DataKey create(String streamId) {
    return new DataKey(streamId, UUID.randomUUID().toString(), AesGcm.newKey());
  }

  /**
   * What sealed bytes belong to: they open nowhere else.
   *
   * @param what kind of content, without a line break
   * @param sequence the frame's
   */
  public record Place(String what, String streamId, String runId, long sequence) {
    private String use() {
      return what + "\n" + streamId + "\n" + sequence + "\n" + runId;
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
    return key.key();
  }

  /** Nonce, ciphertext and tag. */
  public byte[] seal(byte[] plain, Place place) {
    return key.seal(plain, place.use());
  }

  /**
   * Opens what {@link #seal} made for the same place.
   *
   * @param sealed read from its position to its limit, which stay as they are
   */
  public byte[] open(ByteBuffer sealed, Place place) throws BrokenSealException {
    byte[] bytes = new byte[sealed.remaining()];
    sealed.duplicate().get(bytes);
    try {
      return key.open(bytes, place.use());
    } catch (GeneralSecurityException e) {
      throw new BrokenSealException(e);
    }
  }

  /** Never the key. */
  @Override
  public String toString() {
    return "DataKey[" + streamId + ", " + id + "]";
  }
}
