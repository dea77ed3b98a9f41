package io.moodline.deploy;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/** Files that tests hand to commands. Thread-safe. */
final class Samples {
  private static final Path PORTRAIT = Path.of("../analyzer/src/test/resources/astronaut.png");

  private Samples() {}

  /** The bundle that ships with the program, as a user's. */
  static Path copyOfLite(Path folder) throws IOException {
    Path shipped = Path.of("../models/bundles/lite-ferplus");
    Files.createDirectories(folder.getParent());
    try (Stream<Path> files = Files.walk(shipped)) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(shipped.relativize(file).toString()));
      }
    }
    return folder;
  }

  /** NASA's portrait: one smiling face in 512 x 512 pixels. */
  static Path portrait() {
    return PORTRAIT;
  }

  /**
   * A square cut out of the portrait: the smiling face is at 177, 66 with 97 pixels on a side.
   *
   * @param file its name's ending is the format
   */
  static Path crop(Path file, int x, int y, int side, int toSide) throws IOException {
    BufferedImage to = new BufferedImage(toSide, toSide, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = to.createGraphics();
    graphics.drawImage(
        ImageIO.read(PORTRAIT.toFile()).getSubimage(x, y, side, side), 0, 0, toSide, toSide, null);
    graphics.dispose();
    Files.createDirectories(file.getParent());
    ImageIO.write(to, "png", file.toFile());
    return file;
  }

  /** Data that is not part of the project: the test is skipped where it is absent. */
  static Path data(String name) {
    String home =
        Optional.ofNullable(System.getProperty("MOODLINE_DATA"))
            .or(() -> Optional.ofNullable(System.getenv("MOODLINE_DATA")))
            .orElse("../../shared/data");
    Path path = Path.of(home).resolve(name).normalize();
    assumeTrue(Files.exists(path), "no " + name + "; set MOODLINE_DATA to have this test run");
    return path;
  }
}
