package io.moodline.sink;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;

/** Draws what was found into a picture. Thread-safe. */
public final class FaceOverlay {
  private static final Color SHADE = new Color(0, 0, 0, 170);

  private FaceOverlay() {}

  /**
   * One face.
   *
   * @param x left edge, 0 to 1 of the picture
   * @param y upper edge, 0 to 1 of the picture
   * @param width 0 to 1 of the picture
   * @param height 0 to 1 of the picture
   * @param label empty where it is withheld
   * @param score of the label, 0 to 1
   * @param name what stands in front of the label, such as a track; may be empty
   */
  public record Mark(
      double x, double y, double width, double height, String label, double score, String name) {
    Rectangle in(int pictureWidth, int pictureHeight) {
      int left = (int) Math.round(x * pictureWidth);
      int top = (int) Math.round(y * pictureHeight);
      return new Rectangle(
          left,
          top,
          (int) Math.round((x + width) * pictureWidth) - left,
          (int) Math.round((y + height) * pictureHeight) - top);
    }

    Color colour() {
      return label.isEmpty() ? LabelColours.NONE : LabelColours.of(label);
    }

    String text() {
      String found =
          label.isEmpty() ? "withheld" : String.format(Locale.ROOT, "%s %.2f", label, score);
      return name.isEmpty() ? found : name + " " + found;
    }
  }

  /**
   * Draws boxes and labels.
   *
   * @param pictureHeight height of the picture, which is at the top of {@code image}
   * @param exact whether the marks were found in this very picture; thin lines where not
   */
  public static void draw(BufferedImage image, int pictureHeight, List<Mark> marks, boolean exact) {
    Graphics2D graphics = image.createGraphics();
    try {
      graphics.setClip(0, 0, image.getWidth(), pictureHeight);
      int scale = scale(image.getWidth());
      for (Mark mark : marks) {
        Rectangle box = mark.in(image.getWidth(), pictureHeight);
        graphics.setColor(mark.colour());
        graphics.setStroke(new BasicStroke(exact ? 1.5f * scale : 0.5f * scale));
        graphics.drawRect(box.x, box.y, box.width, box.height);
        drawLabel(graphics, mark, box, scale);
      }
    } finally {
      graphics.dispose();
    }
  }

  private static void drawLabel(Graphics2D graphics, Mark mark, Rectangle box, int scale) {
    int width = PixelText.width(mark.text(), scale) + 4 * scale;
    int height = (PixelText.HEIGHT + 4) * scale;
    int top = box.y >= height ? box.y - height : box.y + box.height;
    graphics.setColor(SHADE);
    graphics.fillRect(box.x, top, width, height);
    PixelText.draw(
        graphics, mark.text(), box.x + 2 * scale, top + 2 * scale, scale, mark.colour().brighter());
  }

  /** Size of letters and lines that suits a picture. */
  public static int scale(int pictureWidth) {
    return Math.max(1, pictureWidth / 480);
  }

  /** Replaces faces, with a margin, by a few large squares of their mean colour. */
  static void pixelate(BufferedImage image, List<Mark> marks) {
    for (Mark mark : marks) {
      Rectangle box = mark.in(image.getWidth(), image.getHeight());
      box.grow(box.width / 5, box.height / 5);
      pixelate(image, box.intersection(new Rectangle(image.getWidth(), image.getHeight())));
    }
  }

  private static void pixelate(BufferedImage image, Rectangle area) {
    if (area.isEmpty()) {
      return;
    }
    int side = Math.max(4, (Math.max(area.width, area.height) + 5) / 6);
    for (int y = area.y; y < area.y + area.height; y += side) {
      for (int x = area.x; x < area.x + area.width; x += side) {
        int width = Math.min(side, area.x + area.width - x);
        int height = Math.min(side, area.y + area.height - y);
        int[] pixels = image.getRGB(x, y, width, height, null, 0, width);
        java.util.Arrays.fill(pixels, mean(pixels));
        image.setRGB(x, y, width, height, pixels, 0, width);
      }
    }
  }

  private static int mean(int[] pixels) {
    long red = 0;
    long green = 0;
    long blue = 0;
    for (int pixel : pixels) {
      red += pixel >> 16 & 255;
      green += pixel >> 8 & 255;
      blue += pixel & 255;
    }
    int count = pixels.length;
    return 0xff000000
        | (int) (red / count) << 16
        | (int) (green / count) << 8
        | (int) (blue / count);
  }
}
