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
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 300, unit = TimeUnit.SECONDS)
class ModelsTest {
  private static final byte[][] FACE = {new byte[48 * 48 * 3]};

  @TempDir Path home;
  private Models models;
  private volatile BiFunction<String, ModelLoader, Model> gate =
      (name, loader) -> loader.load(name);

  @BeforeEach
  void open() {
    Bundles bundles = new Bundles(Analyzer.bundles(home));
    ModelLoader loader = ModelLoader.of(bundles, CascadeDetector.NAME, Devices.cpu(1));
    models = open(name -> gate.apply(name, loader));
  }

  private Models open(ModelLoader loader) {
    return Models.open(
        new Bundles(Analyzer.bundles(home)),
        Bundles.DEFAULT,
        loader,
        Clock.systemUTC(),
        new AnalyzerMetrics(new PrometheusRegistry()),
        () -> {});
  }

  /** Asks as frames do, until there is an answer. */
  private NamedModel answer(String name) {
    models.get(name);
    Awaitility.await().atMost(TestKafka.PATIENCE).until(models::takeOpened);
    return models.get(name);
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
    assertThat(answer("masked")).isEqualTo(new NamedModel.Refused());
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
      assertThat(models.get(null)).isEqualTo(new NamedModel.Ready(asSet));
      assertThat(asSet.classifiers().classify(FACE)).as("still open").hasDimensions(1, 8);
    }
  }

  @Test
  void opensThePromotedModelOnceForStreamsThatNameIt() throws Exception {
    copy("mine");
    Model mine = models.loadChosen("mine");
    models.choose(new ModelsInUse(mine, null, 0, ""));
    models.nextBatch();
    assertThat(models.get("mine")).isEqualTo(new NamedModel.Ready(mine));
    assertThat(models.get(null)).isEqualTo(new NamedModel.Ready(mine));
  }

  @Test
  void opensOneAtATimeAndAnswersAtOnceMeanwhile() throws Exception {
    copy("one");
    copy("two");
    CountDownLatch open = new CountDownLatch(1);
    Queue<String> begun = new ConcurrentLinkedQueue<>();
    gate =
        (name, loader) -> {
          begun.add(name);
          SlowModels.await(open);
          return loader.load(name);
        };
    for (int i = 0; i < 3; i++) {
      assertThat(models.get("one")).isEqualTo(new NamedModel.Opening());
      assertThat(models.get("two")).isEqualTo(new NamedModel.Opening());
    }
    Awaitility.await().atMost(TestKafka.PATIENCE).until(() -> "one".equals(models.opening()));
    assertThat(models.takeOpened()).isFalse();
    assertThat(begun).containsExactly("one");

    open.countDown();
    for (String name : List.of("one", "two")) {
      Awaitility.await()
          .atMost(TestKafka.PATIENCE)
          .until(() -> models.takeOpened() | models.get(name) instanceof NamedModel.Ready);
    }
    assertThat(begun).containsExactly("one", "two");
    assertThat(models.opening()).isNull();
  }

  @Test
  void anOpeningThatIsGivenUpEndsItsWaitsAndClosesTheModel() throws Exception {
    copy("mine");
    CountDownLatch open = new CountDownLatch(1);
    CompletableFuture<Model> made = new CompletableFuture<>();
    gate =
        (name, loader) -> {
          Model model = loader.load(name);
          made.complete(model);
          SlowModels.awaitInAnyCase(open); // as ONNX Runtime, which can not be interrupted
          return model;
        };
    CompletableFuture<Model> chosen =
        CompletableFuture.supplyAsync(() -> models.loadChosen("mine"), task -> start(task));
    Awaitility.await().atMost(TestKafka.PATIENCE).until(made::isDone);

    models.stopOpening();
    assertThatThrownBy(chosen::join).hasRootCauseInstanceOf(CancellationException.class);
    open.countDown();
    models.close();
    assertThatThrownBy(() -> made.join().classifiers().classify(FACE))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> models.loadChosen("mine")).isInstanceOf(CancellationException.class);
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "asks");
    thread.setDaemon(true);
    thread.start();
  }

  @Test
  void aModelThatMemoryDoesNotSufficeForIsRefusedWithTheRemedy() {
    gate =
        (name, loader) -> {
          throw new OutOfMemoryError("Cannot reserve 1 byte of direct buffer memory");
        };
    assertThat(answer("mine")).isEqualTo(new NamedModel.Refused());
    assertThatThrownBy(() -> models.loadChosen("mine"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("model mine")
        .hasMessageContaining("Cannot reserve 1 byte")
        .hasMessageContaining("-Xmx");
    assertThat(models.get(null)).isEqualTo(new NamedModel.Ready(models.asSet()));
    assertThatThrownBy(() -> open(name -> gate.apply(name, null)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("-Xmx");
  }

  @Test
  void keepsNoNetworkOnTheHeap() {
    assertThatThrownBy(() -> models.asSet().bundle().cost())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("given up");
  }
}
