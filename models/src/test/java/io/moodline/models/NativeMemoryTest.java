package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Thousands of rounds, on the failing paths too: memory outside the heap must stay flat. */
class NativeMemoryTest {
  private static final long BOUND_BYTES = 48L << 20;

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void scoringThousandsOfBatchesKeepsMemoryFlat() {
    byte[][] faces = ClassifierTest.parityFaces();
    try (Classifier classifier = Bundle.builtIn("lite-ferplus").classifier(1)) {
      flat(
          3000,
          round -> {
            classifier.classify(round % 2 == 0 ? faces : new byte[][] {faces[0]});
            failing(() -> classifier.classify(new byte[][] {new byte[5]}));
          });
    }
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void threadsThatShareASessionKeepMemoryFlat() {
    byte[][] faces = ClassifierTest.parityFaces();
    Bundle lite = Bundle.builtIn("lite-ferplus");
    try (Classifiers classifiers = Devices.cpu(3).open(lite)) {
      flat(
          600,
          round -> {
            classifiers.classify(faces);
            failing(() -> classifiers.classify(new byte[][] {faces[0], new byte[5], faces[1]}));
            if (round % 10 == 0) {
              Devices.cpu(2).open(lite).close();
            }
          });
    }
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void openingSessionsThatFailOrCloseKeepsMemoryFlat() {
    byte[] onnx = FloatModelTest.doubling();
    byte[] lite = Bundle.builtIn("lite-ferplus").model();
    InputSpec wrong = new InputSpec(64, 48, 3);
    flat(
        600,
        round -> {
          try (FloatModel model = FloatModel.open(onnx, null, 1, "doubling")) {
            model.run(new float[] {1, 2, 3}, new long[] {1, 3});
            failing(() -> model.run(new float[] {1, 2}, new long[] {1, 2}));
          }
          if (round % 10 == 0) {
            failing(() -> Classifier.open(lite, wrong, 8, 1, 1, "lite"));
          }
        });
  }

  private interface Round {
    void run(int round);
  }

  private static void failing(Runnable runnable) {
    try {
      runnable.run();
    } catch (IllegalArgumentException | IllegalStateException | BundleException e) {
      return;
    }
    throw new AssertionError("this was meant to fail");
  }

  private static void flat(int rounds, Round round) {
    for (int i = 0; i < rounds / 3; i++) {
      round.run(i);
    }
    long before = residentBytes();
    for (int i = 0; i < rounds; i++) {
      round.run(i);
    }
    assertThat(residentBytes() - before).isLessThan(BOUND_BYTES);
  }

  /** Resident memory less the Java heap's committed part, which grows for its own reasons. */
  private static long residentBytes() {
    Path status = Path.of("/proc/self/status");
    assumeTrue(Files.isReadable(status), "resident memory is read from /proc");
    System.gc();
    try {
      for (String line : Files.readAllLines(status)) {
        if (line.startsWith("VmRSS:")) {
          long kilobytes = Long.parseLong(line.replaceAll("\\D", ""));
          return (kilobytes << 10) - Runtime.getRuntime().totalMemory();
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    throw new AssertionError("no VmRSS");
  }
}
