package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ClassifierTest {
  private static final int PIXELS = 48 * 48;
  private static JsonNode expected;
  private static Classifier classifier;

  @BeforeAll
  static void open() throws IOException {
    expected =
        Manifest.JSON.readTree(ClassifierTest.class.getResource("/parity/lite-ferplus.json"));
    classifier = Bundle.builtIn("lite-ferplus").classifier(1);
  }

  @AfterAll
  static void close() {
    classifier.close();
  }

  /** The eight pictures whose scores PyTorch computed. */
  static byte[][] parityFaces() {
    byte[][] faces = new byte[8][];
    for (int i = 0; i < 8; i++) {
      byte[] grey = new SeededNumbers(1, "lite8").bytes((long) i * PIXELS, PIXELS);
      faces[i] = LiteBundle.greyToRgb(grey);
    }
    return faces;
  }

  @Test
  void batchesOfLargePicturesAreSmallOnAProcessor() {
    assertThat(Classifier.Shapes.onProcessor(new InputSpec(48, 48, 3)).largest()).isEqualTo(32);
    assertThat(Classifier.Shapes.onProcessor(new InputSpec(40, 40, 3)).largest()).isEqualTo(32);
    assertThat(Classifier.Shapes.onProcessor(new InputSpec(100, 100, 3)).largest()).isEqualTo(4);
    assertThat(Classifier.Shapes.onProcessor(new InputSpec(224, 224, 3)).largest()).isEqualTo(1);
    assertThat(Classifier.Shapes.onProcessor(new InputSpec(512, 512, 3)).largest()).isEqualTo(1);
  }

  @Test
  void parityPicturesFollowTheRecipe() {
    byte[] first = parityFaces()[0];
    for (int i = 0; i < expected.path("first_pixels").size(); i++) {
      assertThat(first[3 * i] & 0xff).isEqualTo(expected.path("first_pixels").get(i).asInt());
    }
  }

  @Test
  void scoresAsPyTorchDoesInOneBatchOfEight() {
    byte[][] faces = parityFaces();
    float[][] logits = classifier.logits(joined(faces), 8);
    double largest = 0;
    for (int i = 0; i < 8; i++) {
      largest = Math.max(largest, difference(logits[i], expected.path("logits").get(i)));
      // The fixture's softmax has no temperature.
      assertThat(difference(Classifier.softmax(logits[i], 1), expected.path("softmax").get(i)))
          .isLessThan(1e-5);
    }
    assertThat(largest).isLessThan(1e-4);
  }

  @Test
  void scoresAsPyTorchDoesOneByOne() {
    byte[][] faces = parityFaces();
    for (int i = 0; i < 8; i++) {
      float[] logits = classifier.logits(ByteBuffer.wrap(faces[i]), 1)[0];
      assertThat(difference(logits, expected.path("logits").get(i))).isLessThan(1e-4);
    }
  }

  @Test
  void scoresSumToOneAndAreSharperThanWithoutTemperature() {
    float[] scores = classifier.classify(parityFaces())[0];
    double sum = 0;
    double surest = 0;
    double untempered = 0;
    for (int label = 0; label < scores.length; label++) {
      sum += scores[label];
      surest = Math.max(surest, scores[label]);
      untempered = Math.max(untempered, expected.path("softmax").get(0).get(label).asDouble());
    }
    assertThat(sum).isCloseTo(1, within(1e-6));
    assertThat(surest).isGreaterThan(untempered);
  }

  @Test
  void givesAFaceTheSameScoresWhateverSharesItsBatch() {
    byte[][] faces = new byte[77][];
    for (int i = 0; i < faces.length; i++) {
      faces[i] = new SeededNumbers(7, "face" + i).bytes(0, 3 * PIXELS);
    }
    float[][] alone = new float[faces.length][];
    for (int i = 0; i < faces.length; i++) {
      alone[i] = classifier.classify(new byte[][] {faces[i]})[0];
    }
    Random random = new Random(5);
    for (int round = 0; round < 6; round++) {
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < faces.length; i++) {
        order.add(i);
      }
      Collections.shuffle(order, random);
      byte[][] shuffled = order.stream().map(i -> faces[i]).toArray(byte[][]::new);
      float[][] scores = classifier.classify(shuffled);
      float[][] fromBuffer = classifier.classify(joined(shuffled), shuffled.length);
      for (int i = 0; i < shuffled.length; i++) {
        // To the last bit: a replay must give the same events however its batches fall.
        assertThat(scores[i]).isEqualTo(alone[order.get(i)]);
        assertThat(fromBuffer[i]).isEqualTo(alone[order.get(i)]);
      }
    }
  }

  @Test
  void givesTheSameScoresInOnePaddedShape() {
    Bundle lite = Bundle.builtIn("lite-ferplus");
    byte[][] faces = new byte[37][];
    for (int i = 0; i < faces.length; i++) {
      faces[i] = new SeededNumbers(9, "face" + i).bytes(0, 3 * PIXELS);
    }
    float[][] expected = classifier.classify(faces);
    try (Classifier padded =
        Classifier.open(
            lite, () -> Session.open(lite.model(), 1, lite.modelFile()), Classifier.Shapes.ONE)) {
      for (int count : new int[] {1, 7, 32, 37}) {
        byte[][] some = Arrays.copyOf(faces, count);
        float[][] scores = padded.classify(some);
        float[][] fromBuffer = padded.classify(joined(some), count);
        assertThat(scores).hasDimensions(count, 8);
        for (int i = 0; i < count; i++) {
          assertThat(difference(scores[i], expected[i])).isLessThan(1e-5);
          assertThat(fromBuffer[i]).isEqualTo(scores[i]);
        }
      }
    }
  }

  @Test
  void givesTheSameScoresWithMoreThreads() {
    try (Classifier threaded = Bundle.builtIn("lite-ferplus").classifier(3)) {
      assertThat(threaded.classify(parityFaces())).isEqualTo(classifier.classify(parityFaces()));
    }
  }

  @Test
  void answersNoFacesWithNoScores() {
    assertThat(classifier.classify(new byte[0][])).isEmpty();
  }

  @Test
  void refusesAFaceOfAnotherSize() {
    assertThatThrownBy(() -> classifier.classify(new byte[][] {new byte[100]}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("100 bytes where the model takes 6912");
    assertThatThrownBy(() -> classifier.classify(ByteBuffer.allocate(6912), 2))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesToScoreOnceClosedAndMayBeClosedTwice() {
    Classifier closed = Bundle.builtIn("lite-ferplus").classifier(1);
    closed.close();
    closed.close();
    assertThatThrownBy(() -> closed.classify(parityFaces()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  static ByteBuffer joined(byte[][] faces) {
    ByteBuffer buffer = ByteBuffer.allocate(Arrays.stream(faces).mapToInt(f -> f.length).sum());
    for (byte[] face : faces) {
      buffer.put(face);
    }
    return buffer.flip();
  }

  private static double difference(float[] actual, float[] expected) {
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
    }
    return largest;
  }

  static double difference(float[] actual, JsonNode expected) {
    assertThat(actual).hasSize(expected.size());
    double largest = 0;
    for (int i = 0; i < actual.length; i++) {
      largest = Math.max(largest, Math.abs(actual[i] - expected.get(i).asDouble()));
    }
    return largest;
  }
}
