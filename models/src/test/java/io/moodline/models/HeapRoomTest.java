package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class HeapRoomTest {
  private static final Path SHIPPED = Path.of("bundles/lite-ferplus");

  @TempDir Path folder;

  @Test
  @Timeout(value = 180, unit = TimeUnit.SECONDS)
  void aNetworkLargerThanTheHeapIsRefusedInAProcessThatWouldEndOtherwise() throws Exception {
    Path bundle = copyShipped();
    try (RandomAccessFile network = new RandomAccessFile(file(bundle).toFile(), "rw")) {
      network.setLength(100L << 20); // sparse: takes no room on the disk
    }
    var ended =
        OwnProcess.run(
            List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"),
            it -> {},
            HeapRoomTest.class,
            bundle.toString());
    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(ended.said())
        .contains("model.onnx has 100 MB", "no room", "MOODLINE_JAVA_OPTS=-Xmx")
        .endsWith("lite-ferplus opens\n");
  }

  /** Opens a bundle that does not fit, and then one that does. */
  public static void main(String[] args) {
    try {
      System.out.println(Bundle.load(Path.of(args[0])));
    } catch (BundleException e) {
      System.out.println(e.getMessage());
    }
    System.out.println(Bundle.builtIn(Bundles.DEFAULT).name() + " opens");
  }

  private Path copyShipped() throws IOException {
    Path copy = folder.resolve("lite-ferplus");
    try (var files = Files.walk(SHIPPED)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(SHIPPED.relativize(file).toString()));
      }
    }
    return copy;
  }

  private static Path file(Path bundle) {
    return bundle.resolve(Manifest.MODEL);
  }
}
