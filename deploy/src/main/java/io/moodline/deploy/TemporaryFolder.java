package io.moodline.deploy;

import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a command keeps on disk while it runs. A process that is killed leaves its folder behind,
 * with a broker's whole log in it; the next command that makes one removes it. Thread-safe.
 */
final class TemporaryFolder implements AutoCloseable {
  private static final String LOCK = "in-use";

  private final Path path;
  private final FileChannel lock;

  private TemporaryFolder(Path path, FileChannel lock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * Makes a folder in {@code MOODLINE_HOME/tmp} and removes those whose processes are gone.
   *
   * @param name first part of its name
   */
  static synchronized TemporaryFolder make(String name) {
    Path all = SettingsOptions.home().resolve("tmp");
    try {
      Files.createDirectories(all);
      // No two at once, or one would take the folder that the other has just made for a dead one.
      try (FileChannel turn = open(all.resolve("lock"))) {
        turn.lock();
        sweep(all);
        Path path = Files.createTempDirectory(all, name);
        FileChannel lock = open(path.resolve(LOCK));
        lock.lock();
        return new TemporaryFolder(path, lock);
      }
    } catch (IOException e) {
      throw new UserException("folder " + all + " can not be written: " + e.getMessage(), e);
    }
  }

  Path path() {
    return path;
  }

  /** Removes the folder and all in it; says on standard error when that can not be done. */
  @Override
  public void close() {
    try {
      lock.close();
      delete(path);
    } catch (IOException e) {
      System.err.println("moodline: folder " + path + " could not be removed: " + e.getMessage());
    }
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  private static void sweep(Path all) throws IOException {
    List<Path> folders;
    try (Stream<Path> entries = Files.list(all)) {
      folders = entries.filter(Files::isDirectory).toList();
    }
    for (Path folder : folders) {
      if (isLeft(folder)) {
        delete(folder);
      }
    }
  }

  private static boolean isLeft(Path folder) throws IOException {
    try (FileChannel channel = open(folder.resolve(LOCK))) {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false; // in use by this very process
    }
  }

  private static void delete(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e)
              throws IOException {
            Files.deleteIfExists(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
