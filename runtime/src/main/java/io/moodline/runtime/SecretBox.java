package io.moodline.runtime;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals small secrets, such as a camera's password or a stream's key, so that topics hold no plain
 * text: {@link AesGcm} with the stream's id as associated data. Thread-safe.
 */
public final class SecretBox {
  private final AesGcm key;

  private SecretBox(byte[] key) {
    this.key = new AesGcm(key);
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
      if (key.length == 0) {
        throw new UserException(
            "key file "
                + keyFile
                + " is empty: restore it from a backup, or remove it if it never held a key");
      }
      if (key.length != AesGcm.KEY_BYTES) {
        throw new UserException(
            "key file " + keyFile + " does not hold 32 bytes: restore it from a backup");
      }
      return new SecretBox(key);
    } catch (IOException e) {
      throw new UserException("key file " + keyFile + " can not be used: " + e.getMessage(), e);
    }
  }

  /**
   * The file appears with its content on the disk or not at all, whenever the process is killed.
   */
  private static byte[] create(Path keyFile) throws IOException {
    byte[] key = AesGcm.newKey();
    Path folder = Files.createDirectories(keyFile.toAbsolutePath().getParent());
    Path draft = Files.createTempFile(folder, keyFile.getFileName() + ".", ".draft"); // its owner's
    try {
      try (FileChannel file = FileChannel.open(draft, StandardOpenOption.WRITE)) {
        file.write(ByteBuffer.wrap(key));
        file.force(true);
      }
      putInPlace(draft, keyFile);
      return key;
    } catch (FileAlreadyExistsException e) {
      return Files.readAllBytes(keyFile); // another process made it a moment ago
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  /** A link, unlike a move, never replaces; not every file system has links. */
  private static void putInPlace(Path draft, Path keyFile) throws IOException {
    try {
      Files.createLink(keyFile, draft);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException | UnsupportedOperationException e) {
      Files.move(draft, keyFile);
    }
  }

  /** Seals a secret for one stream. */
  public byte[] seal(String secret, String streamId) {
    return key.seal(secret.getBytes(StandardCharsets.UTF_8), streamId);
  }

  /**
   * Opens what {@link #seal} made for the same stream.
   *
   * @throws UserException when the key is another one or the bytes were changed
   */
  public String unseal(byte[] sealed, String streamId) {
    if (sealed.length <= AesGcm.NONCE_BYTES) {
      throw new UserException(
          "the credentials of stream " + streamId + " are damaged: register it again");
    }
    try {
      return new String(key.open(sealed, streamId), StandardCharsets.UTF_8);
    } catch (GeneralSecurityException e) {
      throw new UserException(
          "the credentials of stream "
              + streamId
              + " can not be opened: they were sealed with another key; register the stream again",
          e);
    }
  }

  /** Seals the key of a stream. */
  byte[] sealKey(DataKey dataKey) {
    return key.seal(dataKey.bytes(), useOf(dataKey.streamId(), dataKey.id()));
  }

  /**
   * Opens what {@link #sealKey} made.
   *
   * @return empty when this box has another key, or the bytes were changed
   */
  Optional<DataKey> openKey(String streamId, String keyId, byte[] sealed) {
    if (sealed.length != AesGcm.KEY_BYTES + AesGcm.OVERHEAD_BYTES) {
      return Optional.empty();
    }
    try {
      byte[] opened = key.open(sealed, useOf(streamId, keyId));
      return Optional.of(new DataKey(streamId, keyId, opened));
    } catch (GeneralSecurityException e) {
      return Optional.empty(); // the caller says what that means
    }
  }

  /** No stream's id holds a slash, so that no credentials ever pass as a key. */
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
      mac.init(new SecretKeySpec(key.key(), "HmacSHA256"));
      return mac.doFinal(use.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }
}
