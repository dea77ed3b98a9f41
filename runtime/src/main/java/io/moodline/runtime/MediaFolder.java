package io.moodline.runtime;

import io.moodline.schemas.VideoContainer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * The one folder whose files the service reads as recordings. Links and {@code ..} are followed
 * first and judged by where they end. Thread-safe.
 */
public final class MediaFolder {
  private final Path root;

  private MediaFolder(Path root) {
    this.root = root;
  }

  /** The folder of the settings, made if it does not exist. */
  public static MediaFolder open(Settings settings) {
    String text = settings.get(RuntimeSettings.MEDIA_FOLDER);
    return open(text.isEmpty() ? settings.home().resolve("media") : Path.of(text));
  }

  /**
   * Opens a folder, made if it does not exist.
   *
   * @throws UserException when it can not be made
   */
  public static MediaFolder open(Path folder) {
    try {
      Files.createDirectories(folder);
      return new MediaFolder(folder.toRealPath());
    } catch (IOException e) {
      throw new UserException("media folder " + folder + " can not be used: " + e.getMessage(), e);
    }
  }

  public Path root() {
    return root;
  }

  /**
   * Finds a recording.
   *
   * @param path absolute, or relative to the media folder
   * @return the real path of a readable, regular file within the folder
   * @throws UserException when it is outside, missing, empty or no file
   */
  public Path find(String path) {
    try {
      Path real = root.resolve(path).toRealPath();
      if (!real.startsWith(root)) {
        throw outside(path);
      }
      if (!Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS) || !Files.isReadable(real)) {
        throw new UserException("recording '" + path + "' is not a readable file");
      }
      if (Files.size(real) == 0) {
        throw new UserException("recording '" + path + "' is empty");
      }
      return real;
    } catch (IOException | InvalidPathException e) {
      // Whether a file outside exists is not for callers to learn.
      if (!mayBeInside(path)) {
        throw outside(path);
      }
      throw new UserException(
          "recording '" + path + "' was not found: put it into the media folder or upload it", e);
    }
  }

  /**
   * Finds a folder of pictures.
   *
   * @param path absolute, or relative to the media folder
   * @return the real path of a readable folder within this one
   * @throws UserException when it is outside, missing or no folder
   */
  public Path findFolder(String path) {
    try {
      Path real = root.resolve(path).toRealPath();
      if (!real.startsWith(root)) {
        throw outside(path);
      }
      if (!Files.isDirectory(real, LinkOption.NOFOLLOW_LINKS) || !Files.isReadable(real)) {
        throw new UserException("'" + path + "' is not a folder that can be read");
      }
      return real;
    } catch (IOException | InvalidPathException e) {
      if (!mayBeInside(path)) {
        throw outside(path);
      }
      throw new UserException(
          "folder '" + path + "' was not found: put it into the media folder", e);
    }
  }

  /**
   * The container format of a recording.
   *
   * @throws UserException when the file is no video that Moodline knows
   */
  public static VideoContainer container(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] head = in.readNBytes(VideoContainer.HEAD_BYTES);
      return VideoContainer.sniff(head)
          .orElseThrow(
              () ->
                  new UserException(
                      "'"
                          + file.getFileName()
                          + "' is not a video that Moodline can read: give "
                          + VideoContainer.COMMON_NAMES));
    } catch (IOException e) {
      throw new UserException("'" + file.getFileName() + "' can not be read: " + e.getMessage(), e);
    }
  }

  private boolean mayBeInside(String path) {
    try {
      return root.resolve(path).normalize().startsWith(root);
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static UserException outside(String path) {
    return new UserException(
        "recording '" + path + "' is outside the media folder: the server reads files only there");
  }
}
