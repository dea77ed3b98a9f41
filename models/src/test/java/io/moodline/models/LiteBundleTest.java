package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiteBundleTest {
  static Map<String, int[]> shapes() {
    return RecipeWeights.shapesOf(graph -> LiteNetwork.write(graph, LiteBundle.LABELS.size()));
  }

  @Test
  void countsTheWeightsThatTheModelCardNames() {
    long parameters =
        shapes().entrySet().stream()
            .filter(entry -> !entry.getKey().contains("running_"))
            .mapToLong(entry -> Tensor.size(entry.getValue()))
            .sum();
    assertThat(parameters).isBetween(1_220_000L, 1_240_000L);
  }

  @Test
  void makesTheSameBytesAgainFromTheSameWeights(@TempDir Path folder) throws IOException {
    Path data = TestData.require("lite/lite-ferplus.npz");
    Path shipped = Path.of("bundles/lite-ferplus");
    Files.copy(shipped.resolve("MODEL_CARD.md"), folder.resolve("MODEL_CARD.md"));
    Path figures = data.resolveSibling("lite-ferplus.json");
    Path astronaut = TestData.require("images/astronaut.png");
    LiteBundle.main(
        new String[] {
          data.toString(), figures.toString(), astronaut.toString(), folder.toString()
        });
    try (Stream<Path> files = Files.walk(shipped)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertThat(folder.resolve(shipped.relativize(file).toString()))
            .hasSameBinaryContentAs(file);
      }
    }
  }
}
