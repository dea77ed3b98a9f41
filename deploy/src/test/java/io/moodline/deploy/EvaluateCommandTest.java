package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code evaluate}, {@code model quantize} and {@code predict --cropped} on pictures of a face. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class EvaluateCommandTest {
  private static final String[] LABELS = {
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"
  };

  @TempDir Path folder;
  private Cli cli;

  @BeforeEach
  void setUp() {
    cli = new Cli(folder.resolve("home"));
  }

  /** The smiling face, a little further left each time, in two of the classes. */
  private Path smiles(String right, String wrong, int ofRight, int ofWrong) throws Exception {
    Path data = folder.resolve("data");
    for (int i = 0; i < ofRight; i++) {
      Samples.crop(data.resolve(right + "/" + i + ".png"), 175 + i, 66, 97, 60);
    }
    for (int i = 0; i < ofWrong; i++) {
      Samples.crop(data.resolve(wrong + "/" + i + ".png"), 175 + i, 64, 97, 60);
    }
    return data;
  }

  @Test
  void measuresClassFoldersWithAKnownResult() throws Exception {
    Path data = smiles("4", "5", 6, 2);
    Path json = folder.resolve("figures.json");
    String out = cli.ok("evaluate", "--data", data.toString(), "--json", json.toString());
    assertThat(out).contains("4 = happiness, 5 = sadness (numbers as raf-db, from 1)", "0.7500");
    JsonNode figures = ApiClient.JSON.readTree(json.toFile());
    assertThat(figures.path("faces").asInt()).isEqualTo(8);
    assertThat(figures.path("accuracy").asDouble()).isEqualTo(0.75);
    assertThat(figures.path("balancedAccuracy").asDouble()).isEqualTo(0.5);
    // Happiness: all of 6 right, 8 said: 12/14; sadness: none.
    assertThat(figures.path("macroF1").asDouble()).isCloseTo(12.0 / 14 / 2, within(1e-9));
    assertThat(figures.at("/recall/happiness").asDouble()).isEqualTo(1);
    assertThat(figures.at("/confusion/3/1").asInt()).isEqualTo(2);
    assertThat(figures.path("facesPerSecond").asDouble()).isPositive();
    assertThat(figures.path("calibrationError").asDouble()).isBetween(0.1, 0.3);
  }

  @Test
  void measuresWhatDetectingCosts() throws Exception {
    Path data = folder.resolve("data");
    Samples.crop(data.resolve("happy/portrait.png"), 100, 0, 300, 300);
    Samples.crop(data.resolve("happy/sky.png"), 0, 0, 20, 100);
    Path json = folder.resolve("figures.json");
    String out =
        cli.ok("evaluate", "--detect", "--data", data.toString(), "--json", json.toString());
    assertThat(out).contains("with our detector (opencv-cascade): 1 of 2 faces found");
    JsonNode detect = ApiClient.JSON.readTree(json.toFile()).path("detect");
    assertThat(detect.path("facesFound").asInt()).isEqualTo(1);
    assertThat(detect.path("accuracy").asDouble()).isEqualTo(1);
    assertThat(detect.path("accuracyWithMissedAsWrong").asDouble()).isEqualTo(0.5);
    assertThat(detect.path("millisPerPicture").asDouble()).isPositive();
  }

  @Test
  void pastesCropsOntoLargerPicturesAndCallsTheFigureSynthetic() throws Exception {
    Path data = folder.resolve("data");
    Samples.crop(data.resolve("happy/tight.png"), 177, 66, 97, 60);
    Path json = folder.resolve("figures.json");
    String out =
        cli.ok("evaluate", "--pasted", "--data", data.toString(), "--json", json.toString());
    assertThat(out).contains("synthetic): 1 of 1 faces found");
    JsonNode detect = ApiClient.JSON.readTree(json.toFile()).path("detect");
    assertThat(detect.path("synthetic").asBoolean()).isTrue();
    assertThat(detect.path("accuracy").asDouble()).isEqualTo(1);
  }

  @Test
  void measuresADetectorOnAnnotatedPictures() throws Exception {
    Path portrait = folder.resolve("portrait.png");
    Files.copy(Samples.portrait(), portrait);
    Path xml = folder.resolve("faces.xml");
    Files.writeString(
        xml,
        "<dataset><images><image file='portrait.png'>"
            + "<box top='66' left='177' width='97' height='97'/>"
            + "<box top='400' left='10' width='20' height='20'/>"
            + "<box top='10' left='400' width='50' height='50' ignore='1'/>"
            + "</image></images></dataset>");
    Path json = folder.resolve("detector.json");
    String out = cli.ok("evaluate-detector", "--data", xml.toString(), "--json", json.toString());
    assertThat(out).contains("detector opencv-cascade", "64 to 128 pixels", "16 to 32 pixels");
    JsonNode asIs = ApiClient.JSON.readTree(json.toFile()).at("/showings/0");
    assertThat(asIs.path("faces").asInt()).isEqualTo(2);
    assertThat(asIs.path("found").asInt()).isEqualTo(1);
    assertThat(asIs.path("wrong").asInt()).isZero();
    assertThat(asIs.at("/bySize/1/found").asInt()).isEqualTo(1);
    JsonNode half = ApiClient.JSON.readTree(json.toFile()).at("/showings/1");
    assertThat(half.at("/bySize/1/size").asText()).isEqualTo("32 to 64 pixels");
    Files.writeString(xml, "<dataset><images><image file='portrait.png'><box top='x'/>");
    cli.refused(List.of("does not annotate faces"), "evaluate-detector", "--data", xml.toString());
  }

  @Test
  void calibratesAUsersModelOnEverySecondFace() throws Exception {
    Samples.copyOfLite(folder.resolve("home/bundles/lite-ferplus"));
    Path data = smiles("happiness", "sadness", 6, 6);
    String before = cli.ok("model", "verify", "lite-ferplus");
    JsonNode asShipped = ApiClient.JSON.readTree(cli.ok("model", "show", "lite-ferplus", "--json"));
    String temperature =
        String.format(Locale.ROOT, "%.3f", asShipped.path("temperature").asDouble());
    String out = cli.ok("evaluate", "--calibrate", "--data", data.toString());
    assertThat(out).contains("instead of " + temperature + ", fitted on 6 faces; on 6 others");
    String after = cli.ok("model", "verify", "lite-ferplus");
    assertThat(after).isNotEqualTo(before);
    // Half of the smiles are said to be sadness, so a sure answer is wrong half of the time.
    JsonNode shown = ApiClient.JSON.readTree(cli.ok("model", "show", "lite-ferplus", "--json"));
    assertThat(shown.path("temperature").asDouble()).isGreaterThan(2);
    assertThat(shown.path("card").asText()).contains("## Calibration");
  }

  @Test
  void quantizesAndMeasuresOnFacesThatFoundNoRanges() throws Exception {
    Path data = smiles("happiness", "sadness", 20, 4);
    String out =
        cli.ok("model", "quantize", "lite-ferplus", "--int8", "--calibrate", data.toString());
    assertThat(out).contains("ranges of 12 faces", "accuracy on", "speed at batch 32");
    assertThat(cli.ok("model", "verify", "lite-ferplus-int8")).contains("as they were made");
    assertThat(
            cli.ok(
                "predict", "--cropped", "--model", "lite-ferplus-int8", data + "/happiness/0.png"))
        .contains("0.png: happiness");
    cli.refused(
        List.of("lite-ferplus-int8 exists already"),
        "model",
        "quantize",
        "lite-ferplus",
        "--int8",
        "--calibrate",
        data.toString());
    cli.refused(
        List.of("lite-ferplus-int8 is a variant already"),
        "model",
        "quantize",
        "lite-ferplus-int8",
        "--fp16");
    assertThat(cli.ok("model", "quantize", "lite-ferplus", "--fp16"))
        .contains("canaries, labelled by");
  }

  @Test
  void scoresACropAsItIsAndAlwaysAlike() throws Exception {
    Path face = Samples.crop(folder.resolve("face.png"), 177, 66, 97, 97);
    String first = cli.ok("predict", "--cropped", "--json", face.toString(), face.toString());
    JsonNode files = ApiClient.JSON.readTree(first);
    assertThat(files.get(0).at("/faces/0/label").asText()).isEqualTo("happiness");
    assertThat(files.get(0).path("faces")).hasSize(1).isEqualTo(files.get(1).path("faces"));
    assertThat(files.get(0).at("/faces/0/box").isMissingNode()).isTrue();
    assertThat(cli.ok("predict", "--cropped", "--json", face.toString(), face.toString()))
        .isEqualTo(first);
    String whole = Samples.portrait().toString();
    assertThat(cli.ok("predict", "--model", "lite-ferplus", whole))
        .contains("face 1 at", "happiness");
  }

  @Test
  void findsAGateThatWithholdsLabelsOfFacesTooSmall() throws Exception {
    Path data = folder.resolve("data");
    for (int i = 0; i < 100; i++) {
      // Loose crops: a smile that fills the crop is known at 8 pixels still.
      Samples.crop(data.resolve("happiness/" + i + ".png"), 123 + i % 5, 12 + i / 5 % 5, 201, 60);
    }
    cli.refused(List.of("so its gate can not be stored"), gate(data));
    Samples.copyOfLite(folder.resolve("home/bundles/lite-ferplus"));
    Path json = folder.resolve("gate.json");
    String out = cli.ok(gate(data, "--json", json.toString()));
    assertThat(out).contains("| withheld as | where |", "| clean | 1.000 |", "stored");
    double least = ApiClient.JSON.readTree(json.toFile()).at("/limits/leastPixels").asDouble();
    assertThat(least).isBetween(8.0, 40.0);
    assertThat(cli.ok("model", "show", "lite-ferplus")).containsOnlyOnce("## Gate");

    // A face of so few pixels is scored all the same, but its label is not said.
    Path tiny = Samples.crop(folder.resolve("tiny.png"), 125, 14, 201, (int) least - 1);
    Path crops = folder.resolve("crops");
    String answer =
        cli.ok("predict", "--cropped", "--json", "--save-crops", crops.toString(), tiny.toString());
    JsonNode face = ApiClient.JSON.readTree(answer).at("/0/faces/0");
    assertThat(face.path("label").isNull()).isTrue();
    assertThat(face.path("withheld").toString()).contains("SMALL");
    assertThat(face.path("scores")).hasSize(8);
    assertThat(face.at("/quality/pixels").asInt()).isEqualTo((int) least - 1);
    BufferedImage saw = ImageIO.read(crops.resolve("tiny.png-face-1.png").toFile());
    assertThat(saw.getWidth()).isEqualTo(48);
    assertThat(saw.getHeight()).isEqualTo(48);
    assertThat(cli.ok("predict", "--cropped", tiny.toString()))
        .contains("label withheld (SMALL", "most like");
    Path large = Samples.crop(folder.resolve("large.png"), 177, 66, 97, 97);
    assertThat(cli.ok("predict", "--cropped", large.toString())).contains("large.png: happiness");
  }

  private static String[] gate(Path data, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("model", "gate", "lite-ferplus", "--data", data.toString()));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  @Test
  void namesWhatIsWrong() throws Exception {
    Path data = smiles("happiness", "sadness", 1, 1);
    cli.refused(List.of("nowhere", "was not found"), "evaluate", "--data", "nowhere");
    cli.refused(
        List.of("poster is neither in"),
        "evaluate",
        "--model",
        "poster",
        "--data",
        data.toString());
    cli.refused(
        List.of("poster is neither in"), "predict", "--model", "poster", "--cropped", "x.png");
    cli.refused(List.of("--int8 needs --calibrate"), "model", "quantize", "lite-ferplus", "--int8");
    cli.refused(
        List.of("ships with the program"), "evaluate", "--calibrate", "--data", data.toString());
    Files.writeString(data.resolve("sadness/text.png"), "no picture");
    Cli.Result result = cli.run("evaluate", "--data", data.toString());
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).contains("faces    2");
    assertThat(result.err()).contains("text.png is not a picture");
  }

  @Test
  void saysOfFerPlusWhatTheCardSays() throws Exception {
    Path file = Samples.data("fer/val.npz");
    Path data = folder.resolve("val");
    byte[] pictures = {};
    byte[] majority = {};
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(file))) {
      for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) {
        if (entry.getName().equals("images.npy")) {
          pictures = zip.readAllBytes();
        } else if (entry.getName().equals("ferplus_majority.npy")) {
          majority = zip.readAllBytes();
        }
      }
    }
    int pixels = 48 * 48;
    int count = majority.length - 128;
    assertThat(pictures).hasSize(128 + count * pixels);
    for (int i = 0; i < count; i++) {
      int label = majority[128 + i];
      if (label >= 0 && label < LABELS.length) {
        BufferedImage grey = new BufferedImage(48, 48, BufferedImage.TYPE_BYTE_GRAY);
        grey.getRaster()
            .setDataElements(
                0,
                0,
                48,
                48,
                java.util.Arrays.copyOfRange(pictures, 128 + i * pixels, 128 + (i + 1) * pixels));
        Path to = data.resolve(LABELS[label] + "/" + i + ".bmp");
        Files.createDirectories(to.getParent());
        ImageIO.write(grey, "bmp", to.toFile());
      }
    }
    Path json = folder.resolve("figures.json");
    cli.ok("evaluate", "--data", data.toString(), "--json", json.toString());
    JsonNode figures = ApiClient.JSON.readTree(json.toFile());
    assertThat(figures.path("faces").asInt()).isEqualTo(3199);
    Path manifest = Path.of("../models/bundles/lite-ferplus/model.json");
    JsonNode card = ApiClient.JSON.readTree(manifest.toFile()).at("/metrics/0");
    assertThat(figures.path("accuracy").asDouble())
        .isCloseTo(card.path("accuracy").asDouble(), within(0.0005));
    assertThat(figures.path("calibrationError").asDouble())
        .isCloseTo(card.path("ece_at_temperature").asDouble(), within(0.002));
  }
}
