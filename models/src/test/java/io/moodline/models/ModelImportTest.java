package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ModelImportTest {
  @TempDir Path folder;

  private static Map<String, Tensor> liteWeights() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    LiteBundleTest.shapes()
        .forEach((key, shape) -> tensors.put(key, RecipeWeights.tensor(1, key, shape, 0.9)));
    tensors.put("stem_bn.num_batches_tracked", new Tensor(new int[0], new float[] {3}));
    return tensors;
  }

  private Bundle importLite(Map<String, Tensor> tensors) throws IOException {
    Path file = TorchFile.stateDict(folder.resolve("lite.pth"), tensors);
    return ModelImport.run(
        new ModelImport.Request("lite", LabelSets.parse("ferplus"), "mine", file),
        folder.resolve("bundles"));
  }

  @Test
  void makesABundleOfACheckpoint() throws IOException {
    Bundle bundle = importLite(liteWeights());
    assertThat(bundle.name()).isEqualTo("mine");
    assertThat(bundle.labels()).isEqualTo(LiteBundle.LABELS);
    assertThat(bundle.architecture()).isEqualTo("lite");
    assertThat(bundle.modelCard()).contains("lite.pth").contains("not an inner state");
    assertThat(new Bundles(folder.resolve("bundles")).names())
        .containsExactly("lite-ferplus", "mine");
    assertThatThrownBy(() -> importLite(liteWeights()))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("model mine exists already");
  }

  @Test
  void namesAMissingAMisshapenAndALeftOverWeight() {
    Map<String, Tensor> tensors = liteWeights();
    tensors.remove("layers.2.conv1.weight");
    tensors.put("layers.0.bn1.bias", Tensor.zeros(31));
    assertThatThrownBy(() -> importLite(tensors))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("lite.pth does not fit lite")
        .hasMessageContaining("layers.2.conv1.weight is missing")
        .hasMessageContaining("layers.0.bn1.bias has shape [31] instead of [32]");
    Map<String, Tensor> more = liteWeights();
    more.put("layers.6.conv1.weight", Tensor.zeros(3));
    assertThatThrownBy(() -> importLite(more))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("holds weights that lite does not have: layers.6.conv1.weight");
    assertThat(folder.resolve("bundles")).doesNotExist();
  }

  @Test
  void refusesLabelsOfAnotherCount() throws IOException {
    Path file = TorchFile.stateDict(folder.resolve("lite.pth"), liteWeights());
    assertThatThrownBy(
            () ->
                ModelImport.run(
                    new ModelImport.Request("lite", LabelSets.parse("raf-db"), "mine", file),
                    folder))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("tells 8 classes apart, but there are 7 labels");
  }

  @Test
  void refusesUnknownArchitecturesLabelsAndNames() {
    assertThatThrownBy(() -> Architecture.of("resnet"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("known are lite, poster-v2, oaenet, oaenet-five-point");
    assertThatThrownBy(() -> LabelSets.parse("imagenet"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("raf-db");
    assertThatThrownBy(() -> LabelSets.parse("joy,,joy")).isInstanceOf(BundleException.class);
    assertThat(LabelSets.parse("joy, grief")).containsExactly("joy", "grief");
    assertThat(LabelSets.parse("raf-db"))
        .isEqualTo(
            List.of("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"));
  }

  @Test
  void importsPosterV2WithItsUnusedWeights() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    RecipeWeights.shapesOf(g -> PosterV2Network.write(g, 7))
        .forEach((key, shape) -> tensors.put(key, RecipeWeights.tensor(1, key, shape, 0.9)));
    tensors.put("VIT.CON1.weight", Tensor.zeros(2, 2));
    tensors.put("ir_back.output_layer.3.bias", Tensor.zeros(2));
    tensors.put("attn1.relative_position_index", Tensor.zeros(4));
    Path file = TorchFile.stateDict(folder.resolve("raf-db.pth"), tensors);
    tensors.clear();
    Bundle bundle =
        ModelImport.run(
            new ModelImport.Request("poster-v2", LabelSets.parse("raf-db"), "raf", file), folder);
    assertThat(bundle.inputWidth()).isEqualTo(224);
    assertThat(bundle.cost().parameters()).isEqualTo(43_753_941);
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder("raf", "raf-db.pth");
    }
  }

  @Test
  void importsOaenetAndKnowsItsMask() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    RecipeWeights.shapesOf(g -> OaenetNetwork.write(g, 7))
        .forEach((key, shape) -> tensors.put(key, RecipeWeights.tensor(1, key, shape, 0.9)));
    tensors.put("attention_branch.base_model.fc.bias", Tensor.zeros(2));
    Path file = TorchFile.stateDict(folder.resolve("oaenet.pth"), tensors);
    Bundle bundle =
        ModelImport.run(
            new ModelImport.Request("oaenet", LabelSets.parse("affectnet-7"), "ck", file), folder);
    assertThat(bundle.mask()).isEqualTo(MaskKind.PUBLISHED_68);
    byte[] face = bundle.contents().canaries().get("ramps.rgb");
    float[][] landmarks = new float[68][];
    for (int i = 0; i < landmarks.length; i++) {
      landmarks[i] = new float[] {20 + 2 * i, 100};
    }
    float[] mask = bundle.mask().mask(face, landmarks);
    try (Classifier classifier = bundle.classifier(1)) {
      float[][] three =
          classifier.classify(new byte[][] {face, face, face}, new float[][] {mask, mask, mask});
      assertThat(three[0]).hasSize(7).isEqualTo(three[1]).isEqualTo(three[2]);
      assertThatThrownBy(() -> classifier.classify(new byte[][] {face}))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("looks through a mask");
      assertThatThrownBy(() -> classifier.classify(new byte[][] {face}, new float[0][]))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> bundle.mask().mask(face, new float[5][2]))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("published-68 mask of 68 landmarks, but there are 5");
  }
}
