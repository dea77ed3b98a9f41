package io.moodline.sink;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Looks into the broker's files, past everything that Kafka would show. */
record LogFiles(Path data) {
  /** The log files of matching partitions that hold some bytes. */
  List<String> with(Pattern partitions, byte[] bytes) throws IOException {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    List<String> found = new ArrayList<>();
    Files.walkFileTree(
        data,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            String folder = String.valueOf(file.getParent().getFileName());
            if (file.toString().contains(".log")
                && partitions.matcher(folder).matches()
                && holds(file, text)) {
              found.add(folder + "/" + file.getFileName());
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE; // the broker removed it meanwhile
          }
        });
    return found;
  }

  private static boolean holds(Path file, String text) throws IOException {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text);
    } catch (NoSuchFileException e) {
      return false; // compacted away meanwhile
    }
  }
}
