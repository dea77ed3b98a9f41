package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.models.RecipeWeights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** OAENet as a user runs it: with both kinds of masks, and with what does not fit either. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class OaenetCommandTest {
  @TempDir Path folder;
  private Cli cli;

  @BeforeEach
  void setUp() {
    cli = new Cli(folder.resolve("home"));
  }

  private void importAs(String architecture, String name) {
    Path checkpoint = RecipeWeights.write(architecture, 7, folder.resolve(name + ".npz"));
    assertThat(
            cli.ok(
                "model",
                "import",
                "--arch",
                architecture,
                "--labels",
                "raf-db",
                "--name",
                name,
                checkpoint.toString()))
        .contains("11.21 M", "3.389 G");
  }

  /** Jaw, brows, nose, eyes and mouth about where the portrait has them. */
  private static String landmarks() {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 17; i++) {
      double angle = Math.PI * i / 16;
      add(lines, 224 - 46 * Math.cos(angle), 112 + 50 * Math.sin(angle));
    }
    for (int i = 0; i < 10; i++) {
      add(lines, 190 + 7.5 * i, 96);
    }
    for (int i = 0; i < 9; i++) {
      add(lines, 224 + 6 * Math.sin(i), 108 + 3 * i);
    }
    for (int i = 0; i < 12; i++) {
      add(lines, (i < 6 ? 206 : 242) + 7 * Math.cos(i), 109 + 3 * Math.sin(i));
    }
    for (int i = 0; i < 20; i++) {
      add(lines, 226 + 16 * Math.cos(i), 148 + 7 * Math.sin(i));
    }
    return lines.toString();
  }

  private static void add(StringBuilder lines, double x, double y) {
    lines.append(String.format(Locale.ROOT, "%.2f %.2f%n", x, y));
  }

  @Test
  void scoresWithThePublishedMaskWhereLandmarksLieBesideThePicture() throws Exception {
    importAs("oaenet", "oae");
    Path face = Samples.crop(folder.resolve("data/happy/face.png"), 0, 0, 512, 512);
    cli.refused(
        List.of("68 landmarks", "face_landmarks.txt", "not there"),
        "predict",
        "--cropped",
        "--model",
        "oae",
        face.toString());
    Path points = Files.writeString(face.resolveSibling("face_landmarks.txt"), landmarks());
    String first = cli.ok("predict", "--cropped", "--json", "--model", "oae", face.toString());
    assertThat(cli.ok("predict", "--cropped", "--json", "--model", "oae", face.toString()))
        .isEqualTo(first);
    JsonNode scores = ApiClient.JSON.readTree(first).at("/0/faces/0/scores");
    assertThat(scores).hasSize(7);
    double sum = 0;
    for (JsonNode score : scores) {
      sum += score.asDouble();
    }
    assertThat(sum).isBetween(0.999, 1.001);
    assertThat(cli.ok("evaluate", "--model", "oae", "--data", folder.resolve("data").toString()))
        .contains("faces    1");

    Files.writeString(points, "1 2\n3 4\n5 6\n7 8\n9 10\n");
    cli.refused(
        List.of("face_landmarks.txt", "68 landmarks", "10 numbers"),
        "predict",
        "--cropped",
        "--model",
        "oae",
        face.toString());
    cli.refused(
        List.of("68 landmarks, which no detector here finds", "oaenet-five-point"),
        "predict",
        "--model",
        "oae",
        face.toString());
    cli.refused(
        List.of("68 landmarks, which no detector here finds"),
        "evaluate",
        "--detect",
        "--model",
        "oae",
        "--data",
        folder.resolve("data").toString());
    cli.refused(List.of("looks through a mask"), "model", "quantize", "oae", "--fp16");
    anotherMaskIsRefused();
  }

  /** The network's file says which mask it was made with, and so does the manifest. */
  private void anotherMaskIsRefused() throws Exception {
    Path manifest = folder.resolve("home/bundles/oae/model.json");
    Files.writeString(
        manifest, Files.readString(manifest).replace("\"published-68\"", "\"five-point\""));
    cli.refused(
        List.of("mask is five-point", "was made with published-68"), "model", "verify", "oae");
  }

  @Test
  void scoresWithAMaskOfTheLandmarksThatTheDetectorFinds() throws Exception {
    importAs("oaenet-five-point", "oae");
    Path face = Samples.crop(folder.resolve("data/happy/face.png"), 60, 0, 300, 300);
    Samples.crop(folder.resolve("data/happy/sky.png"), 0, 0, 20, 100);
    String data = folder.resolve("data").toString();
    cli.refused(
        List.of("five landmarks", "leave --cropped out"),
        "predict",
        "--cropped",
        "--model",
        "oae",
        face.toString());
    cli.refused(List.of("--detect", "pull yunet"), "evaluate", "--model", "oae", "--data", data);
    cli.refused(
        List.of("opencv-cascade does not find", "pull yunet"),
        "evaluate",
        "--detect",
        "--model",
        "oae",
        "--data",
        data);
    cli.refused(List.of("pull yunet"), "predict", "--model", "oae", face.toString());

    Path yunet = Samples.data("detectors/face_detection_yunet_2023mar.onnx");
    cli.ok("model", "pull", "yunet", "--from", yunet.toString());
    assertThat(cli.ok("predict", "--model", "oae", face.toString())).contains("face 1 at");
    Path json = folder.resolve("figures.json");
    String out =
        cli.ok("evaluate", "--detect", "--model", "oae", "--data", data, "--json", json.toString());
    assertThat(out).contains("with our detector (yunet): 1 of 2 faces found");
    JsonNode figures = ApiClient.JSON.readTree(json.toFile());
    assertThat(figures.path("faces").asInt()).isEqualTo(1);
    assertThat(figures.path("facesPerSecond").asDouble()).isPositive();
    assertThat(figures.at("/detect/facesFound").asInt()).isEqualTo(1);
    assertThat(figures.at("/detect/facesShown").asInt()).isEqualTo(2);
    assertThat(figures.path("detect").has("accuracyOfSameCleanCrops")).isFalse();
  }
}
