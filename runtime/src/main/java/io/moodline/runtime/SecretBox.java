package io.moodline.runtime;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals small secrets, such as a camera's password or a stream's key, so that topics hold no plain
 * text: AES-256 in GCM mode (NIST SP 800-38D) with a random 96-bit nonce in front and the stream's
 * id as associated data. Thread-safe.
 */
public final class SecretBox {
  private static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final SecretKeySpec key;
  private final SecureRandom random = new SecureRandom();

  private SecretBox(byte[] key) {
    this.key = new SecretKeySpec(key, "AES");
  }

  /**
   * Opens the box whose key is in {@code keyFile}, readable by its owner only; makes a key when
   * there is none.
   *
   * @throws UserException when the file can not be read or made, or holds no 32-byte key
   */
  public static SecretBox open(Path keyFile) {
    try {
      byte[] key = Files.exists(keyFile) ? Files.readAllBytes(keyFile) : create(keyFile);
      if (key.length != KEY_BYTES) {
        throw new UserException(
            "key file " + keyFile + " does not hold 32 bytes: restore it from a backup");
      }
      return new SecretBox(key);
    } catch (IOException e) {
      throw new UserException("key file " + keyFile + " can not be used: " + e.getMessage(), e);
    }
  }

  private static byte[] create(Path keyFile) throws IOException {
    byte[] key = new byte[KEY_BYTES];
    new SecureRandom().nextBytes(key);
    if (keyFile.getParent() != null) {
      Files.createDirectories(keyFile.getParent());
    }
    try {
      if (keyFile.getFileSystem().supportedFileAttributeViews().contains("posix")) {
        Files.createFile(
            keyFile,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      } else {
        Files.createFile(keyFile);
      }
      Files.write(keyFile, key, StandardOpenOption.WRITE);
      return key;
    } catch (FileAlreadyExistsException e) {
      return Files.readAllBytes(keyFile); // another process made it a moment ago
    }
  }

  /** Seals a secret for one stream. */
  public byte[] seal(String secret, String streamId) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    byte[] sealed =
        run(Cipher.ENCRYPT_MODE, nonce, streamId, secret.getBytes(StandardCharsets.UTF_8));
    return ByteBuffer.allocate(nonce.length + sealed.length).put(nonce).put(sealed).array();
  }

  /**
   * Opens what {@link #seal} made for the same stream.
   *
   * @throws UserException when the key is another one or the bytes were changed
   */
  public String unseal(byte[] sealed, String streamId) {
    if (sealed.length <= NONCE_BYTES) {
      throw new UserException(
          "the credentials of stream " + streamId + " are damaged: register it again");
    }
    byte[] nonce = Arrays.copyOf(sealed, NONCE_BYTES);
    byte[] rest = Arrays.copyOfRange(sealed, NONCE_BYTES, sealed.length);
    return new String(run(Cipher.DECRYPT_MODE, nonce, streamId, rest), StandardCharsets.UTF_8);
  }

  /** Seals the key of a stream. */
  byte[] sealKey(DataKey dataKey) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      byte[] sealed = crypt(Cipher.ENCRYPT_MODE, nonce, useOf(dataKey), dataKey.bytes());
      return ByteBuffer.allocate(nonce.length + sealed.length).put(nonce).put(sealed).array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has AES in GCM mode", e);
    }
  }

  /**
   * Opens what {@link #sealKey} made.
   *
   * @return empty when this box has another key, or the bytes were changed
   */
  Optional<DataKey> openKey(String streamId, String keyId, byte[] sealed) {
    if (sealed.length != NONCE_BYTES + DataKey.KEY_BYTES + TAG_BITS / 8) {
      return Optional.empty();
    }
    byte[] nonce = Arrays.copyOf(sealed, NONCE_BYTES);
    byte[] rest = Arrays.copyOfRange(sealed, NONCE_BYTES, sealed.length);
    try {
      byte[] key = crypt(Cipher.DECRYPT_MODE, nonce, useOf(streamId, keyId), rest);
      return Optional.of(new DataKey(streamId, keyId, key));
    } catch (GeneralSecurityException e) {
      return Optional.empty(); // the caller says what that means
    }
  }

  /** No stream's id holds a slash, so that no credentials ever pass as a key. */
  private static String useOf(DataKey dataKey) {
    return useOf(dataKey.streamId(), dataKey.id());
  }

  private static String useOf(String streamId, String keyId) {
    return "stream-key/" + streamId + "/" + keyId;
  }

  /**
   * A secret of 32 bytes that follows from the key and what it is for: every process that has the
   * key knows it, and it tells nothing about the key (HMAC-SHA256).
   */
  public byte[] derive(String use) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key.getEncoded(), "HmacSHA256"));
      return mac.doFinal(use.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }

  private byte[] run(int mode, byte[] nonce, String streamId, byte[] input) {
    try {
      return crypt(mode, nonce, streamId, input);
    } catch (GeneralSecurityException e) {
      throw new UserException(
          "the credentials of stream "
              + streamId
              + " can not be opened: they were sealed with another key; register the stream again",
          e);
    }
  }

  private byte[] crypt(int mode, byte[] nonce, String use, byte[] input)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(use.getBytes(StandardCharsets.UTF_8));
    return cipher.doFinal(input);
  }
}
