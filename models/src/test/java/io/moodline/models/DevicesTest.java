package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import io.moodline.models.Devices.Request;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 3, unit = TimeUnit.MINUTES)
class DevicesTest {
  private static final Set<Device> ALL = EnumSet.allOf(Device.class);
  private static final Set<Device> PROCESSOR = EnumSet.of(Device.CPU);

  @TempDir Path folder;

  private Request asking(String device) {
    return new Request(device, 1, 0, true, folder.resolve("engines"));
  }

  @Test
  void takesTheFastestThatCanBeUsedAndSaysWhy() {
    Devices best = Devices.choose(asking("auto"), ALL, device -> "");
    assertThat(best.device()).isEqualTo(Device.TENSORRT);
    assertThat(best.why()).isEqualTo("the fastest that can be used");

    Devices second =
        Devices.choose(
            asking("auto"), ALL, device -> device == Device.TENSORRT ? "no libnvinfer" : "");
    assertThat(second.device()).isEqualTo(Device.CUDA);
    assertThat(second.why()).isEqualTo("the fastest that can be used; no tensorrt: no libnvinfer");

    Devices none = Devices.choose(asking("auto"), PROCESSOR, device -> "");
    assertThat(none.device()).isEqualTo(Device.CPU);
    assertThat(none.toString()).startsWith("cpu: ").contains("MOODLINE_PROFILE=gpu");

    Devices broken = Devices.choose(asking("auto"), ALL, device -> "no driver");
    assertThat(broken.toString()).isEqualTo("cpu: no tensorrt: no driver; no cuda: no driver");
  }

  @Test
  void refusesADeviceThatIsNotThereAndNamesTheRemedy() {
    for (String device : List.of("cuda", "tensorrt")) {
      assertThatThrownBy(() -> Devices.choose(asking(device), PROCESSOR, any -> ""))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("device " + device + " can not be used")
          .hasMessageContaining("MOODLINE_PROFILE=gpu")
          .hasMessageContaining("set it to auto or cpu");
      assertThatThrownBy(() -> Devices.choose(asking(device), ALL, any -> "no driver"))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("no driver");
    }
    assertThat(Devices.choose(asking("cpu"), ALL, any -> "broken").why()).isEqualTo("asked for");
  }

  /** This machine's runtime: whatever it has, asking for what it has not is refused. */
  @Test
  void asksTheRuntimeThatIsThere() {
    Session.environment();
    boolean cuda = OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA);
    Devices chosen = Devices.choose(asking("auto"));
    if (!cuda) {
      assertThat(chosen.device()).isEqualTo(Device.CPU);
      assertThatThrownBy(() -> Devices.choose(asking("cuda"))).isInstanceOf(BundleException.class);
    }
    try (Classifiers network = chosen.open(Bundle.builtIn("lite-ferplus"))) {
      assertThat(network.device()).isEqualTo(chosen.device());
    }
  }

  /** What ONNX Runtime does where a GPU's provider takes nothing: all of it on the processor. */
  @Test
  void findsOutThatANetworkWasLeftToTheProcessor() {
    Bundle lite = Bundle.builtIn("lite-ferplus");
    assertThatThrownBy(
            () -> GpuSession.open(lite.model(), lite.input(), Device.CUDA, options -> {}, "lite"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("lite")
        .hasMessageContaining("cuda");
  }

  @Test
  void readsFromAProfileWhoComputedWhat() throws Exception {
    byte[] onnx = Devices.smallNetwork();
    Path prefix = folder.resolve("run");
    try (OrtSession.SessionOptions options = Session.options(1)) {
      options.enableProfiling(prefix.toString());
      try (OrtSession session = Session.environment().createSession(onnx, options)) {
        GpuSession.runOnce(session, new InputSpec(8, 8, 3));
        GpuSession.runOnce(session, new InputSpec(8, 8, 3));
        Placement placement = Placement.read(Path.of(session.endProfiling()));
        assertThat(placement.nodes()).containsOnlyKeys(Device.CPU.provider());
        assertThat(placement.nodes().get(Device.CPU.provider())).isBetween(1, 5);
        placement.check(Device.CPU, "small");
        assertThatThrownBy(() -> placement.check(Device.TENSORRT, "small"))
            .hasMessageContaining("small does not run on tensorrt but on CPU ");
      }
    }
    Placement mixed = new Placement(Map.of(Device.CUDA.provider(), 40, Device.CPU.provider(), 2));
    assertThatThrownBy(() -> mixed.check(Device.CUDA, "mixed"))
        .hasMessageContaining("CPU 2, CUDA 40");
    new Placement(Map.of(Device.CUDA.provider(), 3, Device.TENSORRT.provider(), 1))
        .check(Device.TENSORRT, "whole");
  }

  @Test
  void setsWhatTensorRtNeedsForOurInputs() {
    Path cache = Path.of("engines");
    assertThat(GpuSession.tensorRtOptions(Bundle.builtIn("lite-ferplus").input(), cache, true))
        .containsEntry("trt_engine_cache_enable", "1")
        .containsEntry("trt_engine_cache_path", "engines")
        .containsEntry("trt_timing_cache_enable", "1")
        .containsEntry("trt_fp16_enable", "1")
        .containsEntry("trt_profile_min_shapes", "faces:1x48x48x3")
        .containsEntry("trt_profile_opt_shapes", "faces:32x48x48x3")
        .containsEntry("trt_profile_max_shapes", "faces:32x48x48x3");
    assertThat(GpuSession.tensorRtOptions(Architecture.OAENET.input(), cache, false))
        .containsEntry("trt_fp16_enable", "0")
        .containsEntry("trt_profile_max_shapes", "faces:32x224x224x3,mask:32x224x224");
  }

  @Test
  void countsTheGpusThatAreLeftToThisProcess() throws Exception {
    assertThat(Devices.visibleGpus("0, 2,3", folder)).isEqualTo(3);
    assertThat(Devices.visibleGpus(null, folder.resolve("none"))).isEqualTo(1);
    Files.createDirectories(folder.resolve("0000:01:00.0"));
    Files.createDirectories(folder.resolve("0000:02:00.0"));
    assertThat(Devices.visibleGpus(" ", folder)).isEqualTo(2);
  }

  @Test
  void severalSessionsScoreAsOneDoes() {
    Bundle lite = Bundle.builtIn("lite-ferplus");
    byte[][] faces =
        IntStream.range(0, 10)
            .mapToObj(i -> new SeededNumbers(3, "face" + i).bytes(0, lite.input().bytes()))
            .toArray(byte[][]::new);
    try (Classifier one = lite.classifier(1);
        Classifiers three =
            new Classifiers(
                Device.CPU, List.of(lite.classifier(1), lite.classifier(1), lite.classifier(1)))) {
      for (int count : new int[] {0, 1, 2, 3, 7, 10}) {
        byte[][] some = java.util.Arrays.copyOf(faces, count);
        assertThat(three.classify(some)).isDeepEqualTo(one.classify(some));
      }
      byte[][] broken = {faces[0], faces[1], new byte[5]};
      assertThatThrownBy(() -> three.classify(broken)).hasStackTraceContaining("5 bytes");
      assertThat(three.classify(faces)).isDeepEqualTo(one.classify(faces));
    }
  }

  @Test
  void threadsOfAProcessorShareASessionAndScoreAsOneDoes() {
    Bundle lite = Bundle.builtIn("lite-ferplus");
    byte[][] faces =
        IntStream.range(0, 70)
            .mapToObj(i -> new SeededNumbers(4, "face" + i).bytes(0, lite.input().bytes()))
            .toArray(byte[][]::new);
    Classifiers three = Devices.cpu(3).open(lite);
    try (Classifier one = lite.classifier(1)) {
      assertThat(three.classify(new byte[][] {faces[0]}))
          .isDeepEqualTo(one.classify(new byte[][] {faces[0]}));
      assertThat(three.helpersProcessorNanos()).isZero(); // a lone face is the caller's
      for (int round = 0; round < 5; round++) {
        assertThat(three.classify(faces)).isDeepEqualTo(one.classify(faces));
      }
      assertThat(three.helpersProcessorNanos()).isPositive();
    } finally {
      three.close();
      three.close();
    }
    assertThatThrownBy(() -> three.classify(new byte[][] {faces[0]}))
        .hasMessageContaining("closed");
  }

  @Test
  void refusesADeviceThatScoresTheCanariesDifferently() {
    Bundle lite = Bundle.builtIn("lite-ferplus");
    int labels = lite.labels().size();
    try (Classifier same = lite.classifier(1);
        Classifier other = Classifier.open(lite.model(), lite.input(), labels, 5, 1, "other")) {
      lite.checkOn(Device.CUDA, same);
      assertThatThrownBy(() -> lite.checkOn(Device.CUDA, other))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("lite-ferplus on cuda: canary ");
    }
  }

  @Test
  void leavesWholeNumbersToTheProcessorUnlessAGpuIsAskedFor() {
    Bundle lite = Bundle.builtIn("lite-ferplus");
    assertThat(lite.isInWholeNumbers()).isFalse();
    List<byte[]> faces = List.of(new byte[lite.input().bytes()], canary(lite));
    Bundle whole =
        ModelVariants.int8(
            lite,
            faces,
            ModelVariants.LabelledFaces.ofCanaries(lite),
            "lite-int8",
            folder,
            (step, share) -> {});
    Devices auto = Devices.choose(asking("auto"), ALL, device -> "");
    try (Classifiers network = auto.open(whole)) {
      assertThat(network.device()).isEqualTo(Device.CPU);
    }
    Devices asked = Devices.choose(asking("cuda"), ALL, device -> "");
    assertThatThrownBy(() -> asked.open(whole))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("lite-int8 is in whole numbers for processors")
        .hasMessageContaining("FP16");
  }

  private static byte[] canary(Bundle bundle) {
    return bundle.contents().canaries().values().iterator().next();
  }
}
