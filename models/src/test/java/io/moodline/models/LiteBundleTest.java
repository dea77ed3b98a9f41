package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
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
    assertThat(parameters).isBetween(1_620_000L, 1_630_000L);
  }

  @Test
  void makesTheSameBundleAgainFromTheSameWeights(@TempDir Path folder) throws IOException {
    Map<String, Tensor> tensors = new TreeMap<>();
    shapes().forEach((key, shape) -> tensors.put(key, RecipeWeights.tensor(1, key, shape, 0.9)));
    Path weights = TorchFile.stateDict(folder.resolve("best.pth"), tensors);
    Path figures = folder.resolve("figures.json");
    Files.writeString(figures, "{\"validation\": {\"temperature\": 0.9, \"accuracy\": 0.5}}");
    Path first = make(weights, figures, folder.resolve("first"));
    Path second = make(weights, figures, folder.resolve("second"));
    assertThat(Bundle.load(first).temperature()).isEqualTo(0.9);
    try (Stream<Path> files = Files.walk(first)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertThat(second.resolve(first.relativize(file).toString())).hasSameBinaryContentAs(file);
      }
    }
  }

  private static Path make(Path weights, Path figures, Path folder) throws IOException {
    Files.createDirectory(folder);
    Files.writeString(folder.resolve("MODEL_CARD.md"), "# A card");
    Path astronaut = Path.of("../analyzer/src/test/resources/astronaut.png");
    LiteBundle.main(
        new String[] {
          weights.toString(), figures.toString(), astronaut.toString(), folder.toString()
        });
    return folder;
  }
}
