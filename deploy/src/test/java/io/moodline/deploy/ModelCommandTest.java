package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code moodline model}, as a user runs it. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class ModelCommandTest {
  @TempDir Path folder;
  private Cli cli;

  @BeforeEach
  void setUp() {
    cli = new Cli(folder.resolve("home"));
  }

  @Test
  void listsShowsAndVerifiesTheBuiltInModel() throws Exception {
    assertThat(cli.ok("model", "list"))
        .contains("lite-ferplus", "built in", "moodline model pull yunet");
    JsonNode list = ApiClient.JSON.readTree(cli.ok("model", "list", "--json"));
    assertThat(list.at("/models/0/builtIn").asBoolean()).isTrue();
    assertThat(list.at("/known/0/here").asBoolean(true)).isFalse();
    assertThat(cli.ok("model", "show", "lite-ferplus"))
        .contains("1.62 M", "0.057 G", "Apache-2.0", "FER+ validation", "## Weaknesses");
    JsonNode shown = ApiClient.JSON.readTree(cli.ok("model", "show", "lite-ferplus", "--json"));
    assertThat(shown.path("parameters").asLong()).isGreaterThan(1_600_000);
    assertThat(shown.path("labels")).hasSize(8);
    assertThat(cli.ok("model", "verify", "lite-ferplus"))
        .contains("canary scores are as they were made", shown.path("digest").asText());
    cli.refused(List.of("ships with the program"), "model", "remove", "lite-ferplus");
  }

  @Test
  void namesWhatIsWrongWithACheckpoint() throws Exception {
    Path text = Files.writeString(folder.resolve("text.pth"), "no checkpoint");
    String[] line = {"model", "import", "--arch", "lite", "--labels", "ferplus", "--name", "mine"};
    cli.refused(List.of("text.pth"), with(line, text.toString()));
    cli.refused(List.of("none.pth", "not found"), with(line, "none.pth"));
    Path tiny = Path.of("../models/src/test/resources/checkpoints/tiny-checkpoint.pth");
    cli.refused(List.of("tiny-checkpoint.pth", "does not fit lite"), with(line, tiny.toString()));
    line[3] = "resnet";
    cli.refused(List.of("resnet", "known are lite, poster-v2"), with(line, tiny.toString()));
    line[3] = "lite";
    line[5] = "imagenet";
    cli.refused(List.of("imagenet", "raf-db"), with(line, tiny.toString()));
    line[5] = "ferplus";
    line[7] = "../up";
    cli.refused(List.of("../up"), with(line, tiny.toString()));
    assertThat(folder.resolve("home/bundles")).doesNotExist();
  }

  private static String[] with(String[] line, String last) {
    String[] all = java.util.Arrays.copyOf(line, line.length + 1);
    all[line.length] = last;
    return all;
  }

  @Test
  void verifyNamesAFlippedByteAndRemoveTakesTheBundleAway() throws Exception {
    Path mine = Samples.copyOfLite(folder.resolve("home/bundles/mine"));
    cli.refused(List.of("holds the model lite-ferplus"), "model", "verify", "mine");
    Path card = mine.resolve("MODEL_CARD.md");
    Files.writeString(card, Files.readString(card).replace("1.62 million", "9.99 million"));
    cli.refused(List.of("MODEL_CARD.md has SHA-256", "instead of"), "model", "verify", "mine");
    cli.refused(List.of("MODEL_CARD.md has SHA-256"), "model", "show", "mine");
    cli.ok("model", "remove", "mine");
    assertThat(mine).doesNotExist();
    cli.refused(List.of("there are [lite-ferplus]"), "model", "verify", "mine");
  }

  @Test
  void pullTakesOnlyThePublishedFile() throws Exception {
    cli.refused(List.of("poster", "[yunet, yunet-dynamic]"), "model", "pull", "poster");
    Path wrong = Files.write(folder.resolve("wrong.onnx"), new byte[100]);
    cli.refused(
        List.of("not what was published", "media.githubusercontent.com"),
        "model",
        "pull",
        "yunet",
        "--from",
        wrong.toString());
    Path real = Samples.data("detectors/face_detection_yunet_2023mar.onnx");
    assertThat(cli.ok("model", "pull", "yunet", "--from", real.toString()))
        .contains("SHA-256 as published");
    // Where the analyzer looks for it.
    assertThat(folder.resolve("home/bundles/yunet/face_detection_yunet_2023mar.onnx")).exists();
    assertThat(cli.ok("model", "pull", "yunet")).contains("is there already");
  }

  @Test
  void saysWhatLandmarksAndTemplatesNeed() throws Exception {
    Path npz = Files.writeString(folder.resolve("faces.npz"), "none");
    String file = npz.toString();
    cli.refused(List.of("--out", "is not changed"), "model", "landmarks", file);
    cli.refused(
        List.of("--out", "is not changed"), "model", "landmarks", file, "--out", folder + "");
    String[] cascade = {"--set", "analyzer.detector=opencv-cascade"};
    cli.refused(
        List.of("finds no landmarks", "model pull yunet"),
        with(new String[] {"model", "landmarks", folder + "", cascade[0]}, cascade[1]));
    cli.refused(
        List.of("is not in", "--dry-run"), "model", "template", "lite-ferplus", "--data", file);
    cli.refused(
        List.of("finds no landmarks"),
        with(
            new String[] {
              "model", "template", "lite-ferplus", "--dry-run", "--data", file, cascade[0]
            },
            cascade[1]));
  }
}
