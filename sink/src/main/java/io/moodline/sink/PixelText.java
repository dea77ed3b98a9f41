package io.moodline.sink;

import java.awt.Color;
import java.awt.Graphics2D;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes small words into pictures with letters of 5 by 7 pixels of its own, so that a machine
 * without fonts can do it too, and every machine draws the same. Capital letters, digits and a few
 * signs; anything else is a gap. Thread-safe.
 */
public final class PixelText {
  /** Height of a line at scale 1, pixels. */
  public static final int HEIGHT = 7;

  private static final int WIDTH = 5;
  private static final int ADVANCE = WIDTH + 1;

  /** Seven rows of five bits for each sign, the left pixel highest. */
  private static final Map<Character, int[]> SIGNS = new TreeMap<>();

  static {
    sign('A', 14, 17, 17, 31, 17, 17, 17);
    sign('B', 30, 17, 17, 30, 17, 17, 30);
    sign('C', 14, 17, 16, 16, 16, 17, 14);
    sign('D', 30, 17, 17, 17, 17, 17, 30);
    sign('E', 31, 16, 16, 30, 16, 16, 31);
    sign('F', 31, 16, 16, 30, 16, 16, 16);
    sign('G', 14, 17, 16, 23, 17, 17, 15);
    sign('H', 17, 17, 17, 31, 17, 17, 17);
    sign('I', 14, 4, 4, 4, 4, 4, 14);
    sign('J', 7, 2, 2, 2, 2, 18, 12);
    sign('K', 17, 18, 20, 24, 20, 18, 17);
    sign('L', 16, 16, 16, 16, 16, 16, 31);
    sign('M', 17, 27, 21, 21, 17, 17, 17);
    sign('N', 17, 25, 21, 19, 17, 17, 17);
    sign('O', 14, 17, 17, 17, 17, 17, 14);
    sign('P', 30, 17, 17, 30, 16, 16, 16);
    sign('Q', 14, 17, 17, 17, 21, 18, 13);
    sign('R', 30, 17, 17, 30, 20, 18, 17);
    sign('S', 15, 16, 16, 14, 1, 1, 30);
    sign('T', 31, 4, 4, 4, 4, 4, 4);
    sign('U', 17, 17, 17, 17, 17, 17, 14);
    sign('V', 17, 17, 17, 17, 17, 10, 4);
    sign('W', 17, 17, 17, 21, 21, 27, 17);
    sign('X', 17, 17, 10, 4, 10, 17, 17);
    sign('Y', 17, 17, 10, 4, 4, 4, 4);
    sign('Z', 31, 1, 2, 4, 8, 16, 31);
    sign('0', 14, 17, 19, 21, 25, 17, 14);
    sign('1', 4, 12, 4, 4, 4, 4, 14);
    sign('2', 14, 17, 1, 6, 8, 16, 31);
    sign('3', 30, 1, 1, 14, 1, 1, 30);
    sign('4', 2, 6, 10, 18, 31, 2, 2);
    sign('5', 31, 16, 30, 1, 1, 17, 14);
    sign('6', 6, 8, 16, 30, 17, 17, 14);
    sign('7', 31, 1, 2, 4, 8, 8, 8);
    sign('8', 14, 17, 17, 14, 17, 17, 14);
    sign('9', 14, 17, 17, 15, 1, 2, 12);
    sign('.', 0, 0, 0, 0, 0, 12, 12);
    sign(':', 0, 12, 12, 0, 12, 12, 0);
    sign('-', 0, 0, 0, 31, 0, 0, 0);
    sign('/', 1, 1, 2, 4, 8, 16, 16);
    sign('%', 25, 25, 2, 4, 8, 19, 19);
    sign('#', 10, 10, 31, 10, 31, 10, 10);
  }

  private PixelText() {}

  private static void sign(char letter, int... rows) {
    SIGNS.put(letter, rows);
  }

  /** Width of a text in pixels. */
  public static int width(String text, int scale) {
    return Math.max(0, text.length() * ADVANCE - 1) * scale;
  }

  /** Draws a text in one colour; {@code x}, {@code y} is its upper left corner. */
  public static void draw(Graphics2D graphics, String text, int x, int y, int scale, Color colour) {
    graphics.setColor(colour);
    String capitals = text.toUpperCase(Locale.ROOT);
    for (int i = 0; i < capitals.length(); i++) {
      int[] rows = SIGNS.get(capitals.charAt(i));
      if (rows != null) {
        drawSign(graphics, rows, x + i * ADVANCE * scale, y, scale);
      }
    }
  }

  private static void drawSign(Graphics2D graphics, int[] rows, int x, int y, int scale) {
    for (int row = 0; row < HEIGHT; row++) {
      for (int column = 0; column < WIDTH; column++) {
        if ((rows[row] >> WIDTH - 1 - column & 1) == 1) {
          graphics.fillRect(x + column * scale, y + row * scale, scale, scale);
        }
      }
    }
  }
}
