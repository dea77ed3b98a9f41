package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The package that trains networks, in models/training. It needs Python with PyTorch. */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class TrainingTest {
  private static final float LOGITS = 1e-3f;
  private static String python;

  /** What a command said, both streams, and how it ended. */
  private record Ended(int code, String said) {}

  @BeforeAll
  static void findPython() throws Exception {
    for (String candidate : List.of("python3", "/usr/bin/python3")) {
      if (python == null && run(candidate, "-c", "import torch, PIL").code() == 0) {
        python = candidate;
      }
    }
    assumeTrue(
        python != null, "no Python with PyTorch and Pillow (Debian: python3-torch python3-pil)");
  }

  @Test
  void passesItsOwnTests() throws Exception {
    Ended tests = run(python, "-m", "unittest");
    assertThat(tests.code()).as(tests.said()).isZero();
    assertThat(tests.said()).contains("OK").doesNotContain("skipped");
  }

  @Test
  void itsNetworksAndTheGraphsGiveTheSameLogitsForTheSameWeights(@TempDir Path folder)
      throws Exception {
    Ended written = run(python, "-m", "tests.parity", folder.toString());
    assertThat(written.code()).as(written.said()).isZero();
    check(folder, "lite", Architecture.LITE);
    check(folder, "poster-v2", Architecture.POSTER_V2);
    check(folder, "oaenet", Architecture.OAENET_FIVE_POINT);
  }

  private static void check(Path folder, String name, Architecture architecture) {
    Map<String, Npz.Array> expected = Npz.read(folder.resolve(name + ".npz"), 1L << 30);
    Weights weights = Checkpoint.read(folder.resolve(name + ".pth"));
    byte[] onnx = ModelImport.network(architecture, LiteBundle.LABELS, weights);
    int labels = LiteBundle.LABELS.size();
    float[] logits = expected.get("logits").toTensor().values();
    try (Classifier classifier = Classifier.open(onnx, architecture.input(), labels, 1, 2, name)) {
      byte[][] faces = faces(expected.get("faces"));
      float[][] scores = classifier.classify(faces, masks(architecture, faces, expected));
      for (int i = 0; i < faces.length; i++) {
        float[] row = Arrays.copyOfRange(logits, i * labels, (i + 1) * labels);
        assertThat(centred(logs(scores[i]))).as(name).containsExactly(centred(row), within(LOGITS));
      }
    }
  }

  private static byte[][] faces(Npz.Array array) {
    byte[][] faces = new byte[array.shape()[0]][array.bytes().remaining() / array.shape()[0]];
    for (int i = 0; i < faces.length; i++) {
      array.bytes().get(i * faces[i].length, faces[i]);
    }
    return faces;
  }

  private static float[][] masks(
      Architecture architecture, byte[][] faces, Map<String, Npz.Array> expected) {
    if (architecture.mask() == MaskKind.NONE) {
      return new float[0][];
    }
    float[] points = expected.get("landmarks").toTensor().values();
    float[][] masks = new float[faces.length][];
    for (int i = 0; i < faces.length; i++) {
      float[][] landmarks = new float[architecture.mask().points()][2];
      for (int point = 0; point < landmarks.length; point++) {
        landmarks[point][0] = points[(i * landmarks.length + point) * 2];
        landmarks[point][1] = points[(i * landmarks.length + point) * 2 + 1];
      }
      masks[i] = architecture.mask().mask(faces[i], landmarks);
    }
    return masks;
  }

  private static float[] logs(float[] scores) {
    float[] logs = new float[scores.length];
    for (int i = 0; i < logs.length; i++) {
      logs[i] = (float) Math.log(scores[i]);
    }
    return logs;
  }

  /** A softmax forgets what all logits have in common. */
  private static float[] centred(float[] logits) {
    float mean = 0;
    for (float logit : logits) {
      mean += logit / logits.length;
    }
    float[] centred = logits.clone();
    for (int i = 0; i < centred.length; i++) {
      centred[i] -= mean;
    }
    return centred;
  }

  private static Ended run(String... command) throws InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.directory(Path.of("training").toFile());
    builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
    try {
      Process process = builder.start();
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Ended(process.waitFor(), said);
    } catch (IOException e) {
      return new Ended(127, String.valueOf(e.getMessage()));
    }
  }
}
