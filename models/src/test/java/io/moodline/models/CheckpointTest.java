package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 5, unit = TimeUnit.MINUTES)
class CheckpointTest {
  private static final Path FIXTURES = Path.of("src/test/resources/checkpoints");

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"tiny-checkpoint.pth", "tiny-checkpoint-legacy.pth"})
  void readsWhatTorchWrote(String name) {
    Map<String, Npz.Array> expected = Npz.read(FIXTURES.resolve("tiny-expected.npz"), 1 << 20);
    Weights weights = Checkpoint.read(FIXTURES.resolve(name));
    assertThat(weights.names()).containsExactlyInAnyOrderElementsOf(expected.keySet());
    expected.forEach(
        (key, array) -> {
          Tensor tensor = weights.find(key);
          assertThat(tensor.shape()).as(key).isEqualTo(array.shape());
          assertThat(tensor.values()).as(key).isEqualTo(array.toTensor().values());
        });
  }

  @Test
  void readsHalvesAndBrainFloats() throws IOException {
    byte[] half = {0x00, 0x3c, 0x00, (byte) 0xc1, 0x01, 0x00, 0x00, 0x7c};
    byte[] brain = {(byte) 0x80, 0x3f, 0x20, (byte) 0xc0};
    TorchFile torch = new TorchFile().storage("h", half).storage("b", brain).raw("\u0080\u0002}(");
    torch.text("half").view("HalfStorage", "h", 4, 0, new long[] {4}, new long[] {1});
    torch.text("brain").view("BFloat16Storage", "b", 2, 0, new long[] {2}, new long[] {1});
    Weights weights = Checkpoint.read(torch.raw("u.").write(folder.resolve("halves.pth")));
    assertThat(weights.find("half").values())
        .containsExactly(1, -2.5f, 0x1p-24f, Float.POSITIVE_INFINITY);
    assertThat(weights.find("brain").values()).containsExactly(1, -2.5f);
  }

  @Test
  void everyHalfSurvivesTheWayThere() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = HalfFloats.toFloat((short) bits);
      if (!Float.isNaN(value)) {
        assertThat(HalfFloats.fromFloat(value)).isEqualTo((short) bits);
      }
    }
    assertThat(HalfFloats.fromFloat(65520)).isEqualTo((short) 0x7c00);
    assertThat(HalfFloats.fromFloat(1 + 0x1p-11f)).isEqualTo((short) 0x3c00);
  }

  @Test
  void saysThatAnOptimizersStateIsNoModel() {
    refused(
        FIXTURES.resolve("tiny-optimizer-only.pth"), "holds an optimizer's state and no weights");
  }

  @Test
  void callsNothingThatAPickleNames() throws IOException {
    Path proof = folder.resolve("proof");
    TorchFile torch = new TorchFile().raw("\u0080\u0002}(").text("evil");
    torch.raw("cposix\nsystem\n(").text("touch " + proof).raw("tR");
    torch.text("w").tensor(Tensor.of(1, 2));
    torch.text("odd").raw("c__main__\nRecorder\n)\u0081}b");
    Weights weights = Checkpoint.read(torch.raw("u.").write(folder.resolve("evil.pth")));
    assertThat(weights.names()).containsExactly("w");
    assertThat(proof).doesNotExist();
  }

  @Test
  void refusesViewsThatReachBeyondTheirStorage() throws IOException {
    long huge = Long.MAX_VALUE;
    long[][] sizes = {{3}, {2, 2}, {huge}, {1 << 20, 1 << 20, 1 << 20}, {2}, {2}, {2}, {-1}};
    long[][] strides = {{1}, {2, 1}, {1}, {0, 0, 0}, {huge}, {-1}, {5}, {1}};
    for (int i = 0; i < sizes.length; i++) {
      TorchFile torch = new TorchFile().storage("0", new byte[8]).raw("\u0080\u0002}(").text("w");
      torch.view("FloatStorage", "0", 2, 0, sizes[i], strides[i]).raw("u.");
      refused(torch.write(folder.resolve("view.pth")), "weight w is larger than what is stored");
    }
    for (long offset : new long[] {2, -1, huge, Long.MIN_VALUE}) {
      TorchFile torch = new TorchFile().storage("0", new byte[8]).raw("\u0080\u0002}(").text("w");
      torch.view("FloatStorage", "0", 2, offset, new long[] {1}, new long[] {1}).raw("u.");
      refused(torch.write(folder.resolve("view.pth")), "weight w is larger than what is stored");
    }
  }

  @Test
  void refusesAStorageShorterThanItSays() throws IOException {
    TorchFile torch = new TorchFile().storage("0", new byte[7]).raw("\u0080\u0002}(").text("w");
    torch.view("FloatStorage", "0", 1 << 20, 0, new long[] {1 << 20}, new long[] {1}).raw("u.");
    refused(torch.write(folder.resolve("short.pth")), "is cut off");
  }

  @Test
  void refusesCompressedEntriesSinceTheyMayUnfoldToAnything() throws IOException {
    TorchFile torch = new TorchFile().raw("\u0080\u0002}(").text("w");
    torch.tensor(Tensor.zeros(1 << 20)).raw("u.").compressed();
    refused(torch.write(folder.resolve("bomb.pth")), "is compressed, which torch.save never does");
  }

  @Test
  void refusesAPickleThatDoesNotEndOrNestsWithoutEnd() throws IOException {
    refused(zip("\u0080\u0002" + "2".repeat(10)), "takes from an empty stack");
    refused(zip("\u0080\u0002N" + "2".repeat(5_000_000)), "does not end");
    // A list in a list in a list, a million deep: built flat, never walked.
    String nested = "\u0080\u0002" + "]".repeat(1_000_000) + "a".repeat(999_999) + ".";
    refused(zip(nested), "holds no state dict");
    // A list that holds itself, as a dictionary's key and as a class's name.
    refused(zip("\u0080\u0002}]q\0h\0ah\0s."), "holds no state dict");
    refused(zip("\u0080\u0004]q\0h\0ah\0\u0093."), "holds no state dict");
  }

  @Test
  void refusesLengthsThatNoFileHolds() throws IOException {
    refused(zip("\u0080\u0002X\u00ff\u00ff\u00ff\u007f"), "announces 2147483647 bytes");
    refused(zip("\u0080\u0002\u008d" + "\u00ff".repeat(8)), "bytes in one piece");
    refused(zip("\u0080\u0002X\u0000\u0000\u00f0\u0000abc"), "is cut off");
  }

  @Test
  void boundsTheWorkOfCopyingOneListAgainAndAgain() throws IOException {
    // OrderedDict(list) in five bytes, 300,000 times over a list of 300,000 pairs.
    String list = "]q\0(" + "NN\u0086".repeat(300_000) + "e0";
    String copies = "ccollections\nOrderedDict\nq\u0001h\0\u0085q\u00020" + "0";
    String again = "h\u0001h\u0002R0".repeat(300_000);
    refused(zip("\u0080\u0002" + list + copies + again + "}."), "does not end");
  }

  @Test
  void refusesWhatIsNoCheckpoint() throws IOException {
    refused(Files.writeString(folder.resolve("text.pth"), "hello there"), "text.pth");
    refused(Files.write(folder.resolve("empty.pth"), new byte[0]), "is cut off");
    refused(Files.writeString(folder.resolve("int.pth"), "\u0002K\u0001."), "int.pth");
    refused(folder.resolve("nowhere.pth"), "is not there");
    Path zip = folder.resolve("other.pth");
    TorchFile.write(zip, new byte[0], Map.of(), false);
    refused(zip, "is cut off");
  }

  /**
   * Twelve thousand damaged files: each is read or refused with one line, quickly and within
   * memory.
   */
  @Test
  void survivesEveryMutation() throws IOException {
    byte[] zip = Files.readAllBytes(FIXTURES.resolve("tiny-checkpoint.pth"));
    byte[] legacy = Files.readAllBytes(FIXTURES.resolve("tiny-checkpoint-legacy.pth"));
    TorchFile whole = new TorchFile().raw("\u0080\u0002}(");
    for (int i = 0; i < 5; i++) {
      whole.text("w" + i).tensor(Tensor.zeros(2, i + 1, 3));
    }
    byte[] pickle = whole.raw("u.").pickle();
    Map<String, byte[]> storages = Map.of("0", new byte[24], "1", new byte[48], "2", new byte[72]);
    Random random = new Random(20261121);
    int read = 0;
    int refused = 0;
    Path file = folder.resolve("mutated.pth");
    for (int i = 0; i < 12_000; i++) {
      switch (i % 3) {
        case 0 -> Files.write(file, mutated(zip, random));
        case 1 -> Files.write(file, mutated(legacy, random));
        // Past the zip's own checks: the damage is inside the pickle.
        default -> TorchFile.write(file, mutated(pickle, random), storages, false);
      }
      long before = allocated();
      long start = System.nanoTime();
      try {
        Checkpoint.read(file);
        read++;
      } catch (BundleException e) {
        assertThat(e.getMessage()).contains("mutated.pth").doesNotContain("\n");
        refused++;
      }
      assertThat(allocated() - before).as("bytes of round " + i).isLessThan(64L << 20);
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(30));
    }
    assertThat(read).isPositive();
    assertThat(refused).isGreaterThan(5_000);
  }

  private static byte[] mutated(byte[] whole, Random random) {
    byte[] bytes = whole.clone();
    for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(5)) {
        case 0 -> bytes[at] = (byte) random.nextInt(256);
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes = Arrays.copyOf(bytes, Math.max(1, at));
        case 3 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 8), (byte) 0xff);
        default -> {
          int from = random.nextInt(bytes.length);
          int count = Math.min(random.nextInt(64), bytes.length - Math.max(at, from));
          System.arraycopy(bytes.clone(), from, bytes, at, count);
        }
      }
    }
    return bytes;
  }

  private static long allocated() {
    return ((com.sun.management.ThreadMXBean)
            java.lang.management.ManagementFactory.getThreadMXBean())
        .getCurrentThreadAllocatedBytes();
  }

  private Path zip(String pickle) throws IOException {
    return new TorchFile().raw(pickle).write(folder.resolve("crafted.pth"));
  }

  private static void refused(Path file, String why) {
    assertThatThrownBy(() -> Checkpoint.read(file))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(why)
        .message()
        .doesNotContain("\n");
  }
}
