package io.moodline.models;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.models.PictureResize.Rectangle;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;

/**
 * Makes the bundle {@code lite-ferplus} that ships with the program, from the trained weights and
 * the figures that were measured with them; the same input gives the same bytes.
 *
 * <pre>
 * java -cp ... io.moodline.models.LiteBundle best.pth figures.json astronaut.png FOLDER
 * </pre>
 *
 * <p>The folder holds the hand-written {@code MODEL_CARD.md} already; everything else is written.
 */
public final class LiteBundle {
  static final String NAME = "lite-ferplus";
  static final List<String> LABELS =
      List.of(
          "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt");

  private LiteBundle() {}

  public static void main(String[] args) {
    if (args.length != 4) {
      System.err.println("usage: LiteBundle CHECKPOINT FIGURES.json ASTRONAUT.png FOLDER");
      System.exit(2);
    }
    try {
      Path folder = Path.of(args[3]);
      BundleWriter.write(
          folder,
          contents(
              Path.of(args[1]),
              canaries(Path.of(args[2])),
              Files.readString(folder.resolve(Manifest.CARD))),
          network(ModelImport.weights(Path.of(args[0]))));
      Bundle bundle = Bundle.load(folder);
      System.out.println(bundle.name() + " " + bundle.digest());
    } catch (BundleException | IOException e) {
      System.err.println("moodline: " + e.getMessage());
      System.exit(2);
    }
  }

  static byte[] network(Weights weights) {
    return ModelImport.network(Architecture.LITE, LABELS, weights);
  }

  private static BundleWriter.Contents contents(
      Path figures, Map<String, byte[]> canaries, String card) throws IOException {
    JsonNode validation =
        Manifest.JSON
            .readTree(Files.readString(figures, StandardCharsets.UTF_8))
            .path("validation");
    double temperature = validation.path("temperature").asDouble();
    ObjectNode measured = ((ObjectNode) validation.deepCopy()).without("temperature");
    ObjectNode metric = Manifest.JSON.createObjectNode();
    metric.put("dataSet", "FER+ validation (FER2013 PublicTest)");
    metric.put("protocol", "majority label, eight classes, 48 x 48 pictures as published");
    metric.setAll(measured);
    return new BundleWriter.Contents(
        NAME,
        LiteNetwork.ARCHITECTURE,
        LABELS,
        new InputSpec(LiteNetwork.SIDE, LiteNetwork.SIDE, 3),
        new CropTemplate("square", Map.of("yunet", 0.97, "opencv-cascade", 1.03)),
        temperature,
        Gate.NONE,
        Manifest.JSON.createArrayNode().add(metric),
        "Apache-2.0",
        canaries,
        card);
  }

  /** A face, grey noise (pictures of the parity test), coloured noise, and a ramp of light. */
  private static Map<String, byte[]> canaries(Path astronaut) throws IOException {
    int pixels = LiteNetwork.SIDE * LiteNetwork.SIDE;
    Map<String, byte[]> inputs = new LinkedHashMap<>();
    inputs.put("astronaut.rgb", face(astronaut));
    for (int i = 0; i < 2; i++) {
      byte[] grey = new SeededNumbers(1, "lite8").bytes((long) i * pixels, pixels);
      inputs.put("grey-noise-" + i + ".rgb", greyToRgb(grey));
    }
    inputs.put("colour-noise.rgb", new SeededNumbers(1, "colours").bytes(0, 3 * pixels));
    byte[] ramp = new byte[pixels];
    for (int i = 0; i < pixels; i++) {
      ramp[i] = (byte) (i % LiteNetwork.SIDE * 5);
    }
    inputs.put("ramp.rgb", greyToRgb(ramp));
    return inputs;
  }

  /** The face in NASA's portrait, cut out about the box that OpenCV's cascade finds. */
  private static byte[] face(Path astronaut) throws IOException {
    BufferedImage picture = ImageIO.read(astronaut.toFile());
    if (picture == null) {
      throw new BundleException(astronaut + " is no picture; give astronaut.png");
    }
    Rectangle crop = Rectangle.square(177 + 97 / 2.0, 66 + 97 / 2.0, 1.03 * 97);
    int side = LiteNetwork.SIDE;
    return PictureResize.resize(
        rgb(picture), picture.getWidth(), picture.getHeight(), crop, side, side);
  }

  static byte[] rgb(BufferedImage picture) {
    int width = picture.getWidth();
    int[] argb = picture.getRGB(0, 0, width, picture.getHeight(), null, 0, width);
    byte[] rgb = new byte[3 * argb.length];
    for (int i = 0; i < argb.length; i++) {
      rgb[3 * i] = (byte) (argb[i] >> 16);
      rgb[3 * i + 1] = (byte) (argb[i] >> 8);
      rgb[3 * i + 2] = (byte) argb[i];
    }
    return rgb;
  }

  static byte[] greyToRgb(byte[] grey) {
    byte[] rgb = new byte[3 * grey.length];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = grey[i / 3];
    }
    return rgb;
  }
}
