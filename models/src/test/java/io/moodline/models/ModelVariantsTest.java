package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.models.Calibration.Range;
import io.moodline.models.ModelVariants.LabelledFaces;
import io.moodline.models.ModelVariants.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 15, unit = TimeUnit.MINUTES)
class ModelVariantsTest {
  private static final Progress QUIET = (step, share) -> {};

  @TempDir Path bundles;

  /** Smooth pictures: noise is far from any face, and ranges found on it say little. */
  private static List<byte[]> pictures(int seed, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> new SeededNumbers(seed, "picture" + i).bytes(0, 5 * 5 * 3))
        .map(small -> PictureResize.resize(small, 5, 5, 48, 48))
        .toList();
  }

  private static LabelledFaces labelled(Bundle bundle, List<byte[]> faces) {
    try (Classifier classifier = bundle.classifier(1)) {
      int[] truth =
          faces.stream()
              .mapToInt(face -> Evaluation.largest(classifier.classify(new byte[][] {face})[0]))
              .toArray();
      return new LabelledFaces("its own answers", faces, truth);
    }
  }

  @Test
  void wholeNumbersAgreeWithFloatsAndAreAQuarterOfTheSize() throws IOException {
    Bundle source = Bundle.builtIn("lite-ferplus");
    LabelledFaces test = labelled(source, pictures(2, 100));
    Bundle variant =
        ModelVariants.int8(source, pictures(1, 100), test, "lite-int8", bundles, QUIET);
    JsonNode metric = Manifest.JSON.readTree(variant.metrics()).get(0);
    assertThat(metric.path("accuracyFloat32").asDouble()).isEqualTo(1);
    // Blots are no faces, and many lie between two labels; losesLittleOnFerPlus has faces.
    assertThat(metric.path("sameLabel").asDouble()).isGreaterThan(0.75);
    assertThat(variant.model().length).isLessThan(source.model().length * 3 / 10);
    assertThat(variant.labels()).isEqualTo(source.labels());
    assertThat(variant.modelCard()).contains("## Variant").contains("in float: ");
    assertThat(variant.cost().multiplyAdds()).isEqualTo(source.cost().multiplyAdds());
  }

  @Test
  void aLayerWhoseRoundingMovesTheLogitsTooFarStaysInFloat() {
    Bundle source = Bundle.builtIn("lite-ferplus");
    Int8Network network = new Int8Network(source.model(), "lite");
    List<byte[]> faces = pictures(1, 20);
    Map<String, Range> ranges =
        Calibration.ranges(
            network.model(), network.activations(), faces, source.input(), 2, done -> {});
    // A range a thousand times too wide leaves that layer a handful of levels.
    Range sane = ranges.get("layers.1.relu1");
    ranges.put("layers.1.relu1", new Range(0, 1000 * sane.high()));
    assertThat(SensitiveLayers.find(source, network, ranges, faces, 2, QUIET))
        .contains("layers.1.conv2")
        .doesNotContain("layers.3.conv2", "fc");
  }

  @Test
  void halfPrecisionAgreesWithFloatsAndIsHalfTheSize() throws IOException {
    Bundle source = Bundle.builtIn("lite-ferplus");
    LabelledFaces test = labelled(source, pictures(2, 100));
    Bundle variant = ModelVariants.fp16(source, test, "lite-fp16", bundles, QUIET);
    JsonNode metric = Manifest.JSON.readTree(variant.metrics()).get(0);
    assertThat(metric.path("sameLabel").asDouble()).isGreaterThan(0.98);
    assertThat(variant.model().length).isLessThan(source.model().length * 55 / 100);
    assertThat(new Bundles(bundles).names()).contains("lite-fp16", "lite-ferplus");
  }

  @Test
  void refusesToCalibrateOnNothing() {
    Bundle source = Bundle.builtIn("lite-ferplus");
    LabelledFaces test = labelled(source, pictures(2, 1));
    assertThatThrownBy(
            () -> ModelVariants.int8(source, List.of(), test, "lite-int8", bundles, QUIET))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("--calibrate");
    assertThatThrownBy(() -> new LabelledFaces("none", List.of(), new int[0]))
        .isInstanceOf(BundleException.class);
  }

  @Test
  void losesLittleOnFerPlus() throws IOException {
    FerPlus validation = FerPlus.validation();
    Bundle source = Bundle.builtIn("lite-ferplus");
    LabelledFaces test =
        new LabelledFaces("FER+ validation", validation.faces(), validation.truth());
    List<byte[]> calibration = FerPlus.training(256).faces();
    Bundle int8 = ModelVariants.int8(source, calibration, test, "lite-int8", bundles, QUIET);
    Bundle fp16 = ModelVariants.fp16(source, test, "lite-fp16", bundles, QUIET);
    for (Bundle variant : List.of(int8, fp16)) {
      String card = variant.modelCard();
      System.out.println(card.substring(card.indexOf("## Variant")));
      JsonNode metric = Manifest.JSON.readTree(variant.metrics()).get(0);
      double exact = metric.path("accuracyFloat32").asDouble();
      assertThat(metric.path("accuracy").asDouble()).isCloseTo(exact, within(0.008));
      assertThat(metric.path("sameLabel").asDouble()).isGreaterThan(0.96);
    }
  }

  @Test
  void posterV2KeepsItsLogitsInHalfPrecisionAndNearlyInWholeNumbers() {
    byte[] onnx = PosterV2NetworkTest.build(g -> PosterV2Network.write(g, 7));
    InputSpec input = new InputSpec(224, 224, 3);
    List<byte[]> faces =
        pictures(3, 4).stream().map(p -> PictureResize.resize(p, 48, 48, 224, 224)).toList();
    float[][] exact = logits(onnx, faces);
    float[][] half = logits(Fp16Network.rewrite(onnx, "poster"), faces);
    Int8Network network = new Int8Network(onnx, "poster");
    Map<String, Range> ranges =
        Calibration.ranges(network.model(), network.activations(), faces, input, 2, done -> {});
    float[][] whole = logits(network.rewrite(network.layers(), ranges), faces);
    System.out.println(
        "moved by FP16: "
            + SensitiveLayers.moved(exact, half)
            + ", by INT8: "
            + SensitiveLayers.moved(exact, whole));
    assertThat(SensitiveLayers.moved(exact, half)).isLessThan(0.01);
    assertThat(SensitiveLayers.moved(exact, whole)).isLessThan(0.5);
  }

  private static float[][] logits(byte[] onnx, List<byte[]> faces) {
    try (Classifier classifier =
        Classifier.open(onnx, new InputSpec(224, 224, 3), 7, 1, 2, "poster")) {
      byte[][] array = faces.toArray(byte[][]::new);
      return classifier.logits(ClassifierTest.joined(array), array.length);
    }
  }
}
