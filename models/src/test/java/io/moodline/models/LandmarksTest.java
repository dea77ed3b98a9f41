package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LandmarksTest {
  @TempDir Path folder;

  private static String points(String between, String after) {
    return IntStream.range(0, 68)
        .mapToObj(i -> i + ".5" + between + 2 * i)
        .collect(Collectors.joining(after));
  }

  @Test
  void readsTheFileBesideAPicture() throws IOException {
    Files.writeString(folder.resolve("face.1_landmarks.txt"), points(" ", "\n") + "\n");
    double[][] landmarks = Landmarks.of(folder).apply(folder.resolve("face.1.png"));
    assertThat(landmarks).hasDimensions(68, 2);
    assertThat(landmarks[67]).containsExactly(67.5, 134);
    refused("face.png", "face_landmarks.txt is not there", "68 landmarks");
    Files.writeString(folder.resolve("a_landmarks.txt"), "1 2\n3 4");
    refused("a.png", "has 4 numbers");
    Files.writeString(folder.resolve("a_landmarks.txt"), points(" ", "\n").replace("7.5", "NaN"));
    refused("a.png", "NaN is no place");
    Files.writeString(folder.resolve("a_landmarks.txt"), points(" ", "\n").replace("7.5", "x"));
    refused("a.png", "x is no number");
  }

  @Test
  void readsTheCsvAndItsLabels() throws IOException {
    Path csv = folder.resolve("training.csv");
    Files.writeString(
        csv, "path,facial_landmarks,expression\na/1.jpg," + points(";", ";") + ",2\nb.jpg,,1\n");
    LabelledPictures pictures =
        LabelledPictures.read(csv, LabelSets.parse("affectnet-7"), "affectnet-7");
    assertThat(pictures.mapping()).containsEntry("2", "sadness").containsEntry("1", "happiness");
    Path first = pictures.pictures().get(0).file();
    assertThat(first).isEqualTo(folder.resolve("a/1.jpg"));
    assertThat(Landmarks.of(csv).apply(first)[1]).containsExactly(1.5, 2);
    assertThatThrownBy(() -> Landmarks.of(csv).apply(folder.resolve("b.jpg")))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("b.jpg: needs the x and y of 68 landmarks");
    Files.writeString(csv, "path,expression\na.jpg,1,2\n");
    assertThatThrownBy(() -> Landmarks.of(csv))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("line 2");
    Files.writeString(csv, "file,label\n");
    assertThatThrownBy(() -> Landmarks.of(csv))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("no columns path and expression");
  }

  private void refused(String picture, String... words) {
    assertThatThrownBy(() -> Landmarks.beside(folder.resolve(picture)))
        .isInstanceOf(BundleException.class)
        .hasMessageContainingAll(words);
  }
}
