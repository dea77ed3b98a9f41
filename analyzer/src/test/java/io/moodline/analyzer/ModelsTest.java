package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.moodline.models.BundleException;
import io.moodline.models.Bundles;
import io.moodline.models.Devices;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import io.moodline.schemas.ModelNames;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelsTest {
  private static final byte[][] FACE = {new byte[48 * 48 * 3]};

  @TempDir Path home;
  private Models models;

  @BeforeEach
  void open() {
    models =
        Models.open(
            new Bundles(Analyzer.bundles(home)),
            Bundles.DEFAULT,
            CascadeDetector.NAME,
            Devices.cpu(1),
            Clock.systemUTC());
  }

  @AfterEach
  void close() {
    models.close();
  }

  private Path copy(String name) throws Exception {
    Path folder = Analyzer.bundles(home).resolve(name);
    ModelTrialTest.copyBuiltIn(folder, name);
    return folder;
  }

  /** A bundle whose network looks through a mask of landmarks that the cascade does not find. */
  private void copyMasked() throws Exception {
    Path manifest = copy("masked").resolve("model.json");
    String json = Files.readString(manifest);
    String masked = json.replaceFirst("\"input\" *: *\\{", "$0\"mask\":\"five-point\",");
    assertThat(masked).isNotEqualTo(json);
    Files.writeString(manifest, masked);
    Files.delete(manifest.resolveSibling("model.onnx"));
  }

  @Test
  void readsNoNetworkThatTheDetectorCanNotServe() throws Exception {
    copyMasked();
    assertThatThrownBy(() -> models.loadChosen("masked"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("needs landmarks");
    assertThat(models.get("masked")).isNull();
    Settings settings =
        Settings.load(
            home,
            AnalyzerSettings.ALL,
            Map.of(),
            Map.of(AnalyzerSettings.DETECTOR.key(), CascadeDetector.NAME));
    assertThatThrownBy(() -> Analyzer.checkModel(settings, "masked"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("needs landmarks");
    Analyzer.checkModel(settings, Bundles.DEFAULT);
  }

  /** The stages may not know one another, so the rule is written twice. */
  @ParameterizedTest
  @ValueSource(
      strings = {"raf", "0", "a.b_c-d", "Raf", ".raf", "-raf", "_raf", "", "a/b", "raf ", "räf"})
  void aStreamNamesNoModelThatCanNotBeInstalled(String name) {
    assertNamed(name);
    assertNamed(name + "x".repeat(64 - Math.min(64, name.length())));
    assertNamed(name + "x".repeat(65));
  }

  private void assertNamed(String name) {
    Bundles bundles = new Bundles(Analyzer.bundles(home));
    assertThat(catchThrowable(() -> ModelNames.check(name)) == null)
        .as(name)
        .isEqualTo(catchThrowable(() -> bundles.state(name)) == null);
  }

  @Test
  void triesARefusedBundleAgainOnceItsFilesHaveChanged() throws Exception {
    Path network = copy("mine").resolve("model.onnx");
    byte[] sound = Files.readAllBytes(network);
    byte[] broken = sound.clone();
    broken[broken.length / 2] ^= 1;
    Files.write(network, broken);
    FileTime time = Files.getLastModifiedTime(network);
    assertThatThrownBy(() -> models.loadChosen("mine")).hasMessageContaining("has SHA-256");

    Files.write(network, sound);
    Files.setLastModifiedTime(network, time);
    assertThatThrownBy(() -> models.loadChosen("mine"))
        .as("not read again")
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("has SHA-256");

    Files.setLastModifiedTime(network, FileTime.fromMillis(time.toMillis() + 10_000));
    try (Model model = models.loadChosen("mine")) {
      assertThat(model.bundle().name()).isEqualTo("mine");
    }
  }

  @Test
  void doesNotOpenTheDefaultASecondTimeWhenItIsChosen() {
    Model asSet = models.asSet();
    assertThat(models.loadChosen(Bundles.DEFAULT)).isSameAs(asSet);
    for (ModelsInUse next :
        List.of(new ModelsInUse(asSet, null, 0, ""), ModelsInUse.AS_SET, ModelsInUse.AS_SET)) {
      models.choose(next);
      for (int i = 0; i < 4; i++) {
        models.nextBatch();
      }
      assertThat(models.get(null)).isSameAs(asSet);
      assertThat(asSet.classifiers().classify(FACE)).as("still open").hasDimensions(1, 8);
    }
  }

  @Test
  void opensThePromotedModelOnceForStreamsThatNameIt() throws Exception {
    copy("mine");
    Model mine = models.loadChosen("mine");
    models.choose(new ModelsInUse(mine, null, 0, ""));
    models.nextBatch();
    assertThat(models.get("mine")).isSameAs(mine);
    assertThat(models.get(null)).isSameAs(mine);
  }

  @Test
  void keepsNoNetworkOnTheHeap() {
    assertThatThrownBy(() -> models.asSet().bundle().cost())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("given up");
  }
}
