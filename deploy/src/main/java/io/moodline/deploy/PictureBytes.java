package io.moodline.deploy;

import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Picture files that a user names, read whole within a limit. Thread-safe. */
final class PictureBytes {
  private static final long MOST_BYTES = 64L * 1024 * 1024;

  private PictureBytes() {}

  static byte[] read(Path picture) {
    try {
      if (!Files.exists(picture)) {
        throw new UserException("picture '" + picture + "' was not found");
      }
      if (!Files.isRegularFile(picture)) {
        throw new UserException("picture '" + picture + "' is not a file");
      }
      if (Files.size(picture) > MOST_BYTES) {
        throw new UserException("picture '" + picture + "' is larger than 64 MB");
      }
      return Files.readAllBytes(picture);
    } catch (IOException e) {
      throw new UserException("picture '" + picture + "' can not be read: " + e.getMessage(), e);
    }
  }
}
