package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleTest {
  private static final Path SHIPPED = Path.of("bundles/lite-ferplus");

  @TempDir Path home;
  private Path folder;

  @BeforeEach
  void copyTheShippedBundle() throws IOException {
    folder = home.resolve("copy");
    try (var files = Files.walk(SHIPPED)) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(SHIPPED.relativize(file).toString()));
      }
    }
  }

  @Test
  void loadsTheShippedBundleFromFolderAndClasspathAlike() {
    Bundle builtIn = Bundle.builtIn("lite-ferplus");
    Bundle copied = Bundle.load(folder);
    assertThat(copied.digest()).isEqualTo(builtIn.digest()).hasSize(64);
    assertThat(copied.name()).isEqualTo("lite-ferplus");
    assertThat(copied.labels())
        .containsExactly(
            "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt");
    assertThat(copied.inputWidth()).isEqualTo(48);
    assertThat(copied.inputHeight()).isEqualTo(48);
    assertThat(copied.temperature()).isEqualTo(builtIn.temperature()).isBetween(0.3, 3.0);
    assertThat(copied.crop().sideFor("yunet")).isEqualTo(0.97);
    assertThat(copied.crop().sideFor("opencv-cascade")).isEqualTo(1.03);
    assertThat(copied.licence()).isEqualTo("Apache-2.0");
    assertThat(copied.modelCard()).contains("not an inner state");
    assertThat(copied.metrics()).contains("FER+ validation");
  }

  @Test
  void refusesAFlippedByteNamingTheFileAndBothDigests() throws IOException {
    byte[] model = Files.readAllBytes(folder.resolve("model.onnx"));
    String before = Digests.sha256(model);
    model[model.length / 2] ^= 1;
    Files.write(folder.resolve("model.onnx"), model);
    refused("model.onnx has SHA-256 " + Digests.sha256(model) + " instead of " + before);
  }

  @Test
  void refusesATruncatedNetworkByItsDigest() throws IOException {
    byte[] model = Files.readAllBytes(folder.resolve("model.onnx"));
    Files.write(folder.resolve("model.onnx"), Arrays.copyOf(model, model.length / 2));
    refused("model.onnx has SHA-256");
  }

  @Test
  void refusesATruncatedNetworkEvenIfSealed() throws IOException {
    byte[] model = Files.readAllBytes(folder.resolve("model.onnx"));
    replace("model.onnx", Arrays.copyOf(model, model.length / 2));
    refused("model.onnx is no ONNX model or is cut off");
  }

  @Test
  void refusesAMissingFile() throws IOException {
    Files.delete(folder.resolve("canaries/ramp.rgb"));
    refused("has no canaries/ramp.rgb");
  }

  @Test
  void refusesAPermutedLabelList() {
    edit(
        manifest -> {
          ArrayNode labels = manifest.withArray("labels");
          labels.set(0, "happiness");
          labels.set(1, "neutral");
        });
    refused("labels are [happiness, neutral, surprise");
  }

  @Test
  void refusesAPermutedLabelListEvenIfCanariesAgree() throws IOException {
    Path canaries = folder.resolve("canaries/canaries.json");
    String swapped =
        Files.readString(canaries)
            .replaceFirst("\"neutral\",\\s+\"happiness\"", "\"happiness\",\"neutral\"");
    replace("canaries/canaries.json", swapped.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    edit(manifest -> manifest.withArray("labels").set(0, "happiness").set(1, "neutral"));
    refused("model.onnx was made with [neutral, happiness");
  }

  @Test
  void refusesAnotherShapeThanTheNetworkHas() {
    edit(manifest -> ((ObjectNode) manifest.get("input")).put("width", 64));
    refused("input faces is UINT8 [-1, 48, 48, 3] where model.json says UINT8 [-1, 48, 64, 3]");
  }

  @Test
  void refusesCanariesThatScoreDifferently() throws IOException {
    Path file = folder.resolve("canaries/canaries.json");
    JsonNode canaries = Manifest.JSON.readTree(Files.readAllBytes(file));
    JsonNode canary = canaries.get("canaries").get(1);
    ObjectNode scores = (ObjectNode) canary.get("scores");
    double neutral = scores.get("neutral").asDouble();
    scores.put("neutral", neutral + 0.01);
    replace("canaries/canaries.json", Manifest.JSON.writeValueAsBytes(canaries));
    refused(
        "canary %s scores %.4f for neutral instead of %.4f"
            .formatted(canary.get("file").asText(), neutral, neutral + 0.01));
  }

  @Test
  void refusesAnotherNetworkOfTheSameShape() throws IOException {
    Weights other = RecipeWeights.of(1, LiteBundleTest.shapes(), 0.9);
    replace("model.onnx", LiteBundle.network(other));
    refused("canary astronaut.rgb scores");
  }

  @Test
  void refusesFilesOutsideTheBundle() {
    edit(
        manifest ->
            ((ObjectNode) manifest.get("files")).put("../../secret", Digests.sha256(new byte[0])));
    refused("file \"../../secret\" is outside the bundle");
  }

  @Test
  void refusesAManifestThatIsNoJson() throws IOException {
    Files.writeString(folder.resolve("model.json"), "not json");
    refused("model.json is no JSON");
  }

  @Test
  void refusesAManifestWithoutItsParts() {
    for (String field : new String[] {"name", "labels", "input", "crop", "calibration", "files"}) {
      edit(manifest -> manifest.remove(field));
      refused("model.json");
      undo();
    }
  }

  @Test
  void refusesAFolderThatIsNoBundle() {
    assertThatThrownBy(() -> Bundle.load(home.resolve("nowhere")))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("nowhere has no model.json");
  }

  @Test
  void userBundlesComeBeforeBuiltInOnes() throws IOException {
    Bundles bundles = new Bundles(home);
    edit(manifest -> manifest.put("name", "copy"));
    assertThat(bundles.names()).containsExactly("copy", "lite-ferplus");
    assertThat(bundles.resolve("copy").name()).isEqualTo("copy");
    assertThat(bundles.outline("copy").digest()).isEqualTo(bundles.resolve("copy").digest());
    assertThat(bundles.resolve("lite-ferplus").digest())
        .isEqualTo(Bundle.builtIn("lite-ferplus").digest());
    Files.createDirectory(home.resolve("lite-ferplus"));
    assertThatThrownBy(() -> bundles.resolve("lite-ferplus"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("has no model.json");
  }

  @Test
  void refusesABundleUnderAnotherNameThanItsOwn() {
    assertThatThrownBy(() -> new Bundles(home).resolve("copy"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("copy holds the model lite-ferplus")
        .hasMessageContaining("rename the folder");
    assertThatThrownBy(() -> new Bundles(home).outline("copy"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("copy holds the model lite-ferplus");
    assertThat(InstalledModel.list(home).get(0).problem()).contains("holds the model lite-ferplus");
  }

  @Test
  void readsAnOutlineWithoutTheNetwork() throws IOException {
    Files.delete(folder.resolve("model.onnx"));
    edit(manifest -> manifest.put("name", "copy"));
    BundleOutline outline = new Bundles(home).outline("copy");
    assertThat(outline.width()).isEqualTo(48);
    assertThat(outline.mask()).isEqualTo(MaskKind.NONE);
    assertThatThrownBy(() -> new Bundles(home).resolve("copy"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("has no model.onnx");
  }

  @Test
  void scoresOnWhenItsNetworkWasGivenUp() {
    Bundle bundle = Bundle.load(folder);
    byte[][] faces = {new byte[48 * 48 * 3]};
    try (Classifier classifier = bundle.classifier(1)) {
      float[][] before = classifier.classify(faces);
      bundle.giveUpNetwork();
      assertThat(classifier.classify(faces)).isDeepEqualTo(before);
    }
    assertThat(bundle.modelCard()).contains("not an inner state");
    assertThat(bundle.toString()).startsWith("lite-ferplus@");
    assertThatThrownBy(bundle::model).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(bundle::cost).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void namesWhatThereIsWhenAModelIsUnknown() {
    assertThatThrownBy(() -> new Bundles(home.resolve("none")).resolve("poster"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("model poster is neither in")
        .hasMessageContaining("[lite-ferplus]");
    assertThatThrownBy(() -> new Bundles(home).resolve("../copy"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("model name \"../copy\"");
  }

  private void refused(String why) {
    assertThatThrownBy(() -> Bundle.load(folder))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(why)
        .message()
        .doesNotContain("\n");
  }

  /** Writes a file and seals it, as somebody would who wants the change to be taken. */
  private void replace(String file, byte[] bytes) throws IOException {
    Files.write(folder.resolve(file), bytes);
    edit(manifest -> ((ObjectNode) manifest.get("files")).put(file, Digests.sha256(bytes)));
  }

  private void edit(Consumer<ObjectNode> change) {
    try {
      Path json = folder.resolve("model.json");
      ObjectNode manifest = (ObjectNode) Manifest.JSON.readTree(Files.readAllBytes(json));
      change.accept(manifest);
      Files.write(json, Manifest.write(manifest));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void undo() {
    try {
      Files.write(folder.resolve("model.json"), Files.readAllBytes(SHIPPED.resolve("model.json")));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
