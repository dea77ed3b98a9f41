package io.moodline.sink;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * A rule as a plain tree that is interpreted over all frames anew at each frame. Shares no code
 * with the rules of the topology; its text is what they are made of.
 */
final class PlainRule {
  static final List<String> NAMES = List.of("anger", "happiness", "faces", "followed");

  /**
   * A frame: time in milliseconds, whether nothing is held over from before it, and the numbers.
   */
  record Frame(long millis, boolean fresh, Map<String, Double> values) {}

  private final String kind;
  private final List<PlainRule> parts;
  private final String name;
  private final double number;

  private PlainRule(String kind, List<PlainRule> parts, String name, double number) {
    this.kind = kind;
    this.parts = parts;
    this.name = name;
    this.number = number;
  }

  static PlainRule random(Random random, int depth) {
    int what = depth == 0 ? 0 : random.nextInt(6);
    return switch (what) {
      case 1 -> new PlainRule("and", two(random, depth), "", 0);
      case 2 -> new PlainRule("or", two(random, depth), "", 0);
      case 3 -> new PlainRule("not", List.of(random(random, depth - 1)), "", 0);
      case 4, 5 ->
          new PlainRule("for", List.of(random(random, depth - 1)), "", 100 * random.nextInt(30));
      default -> comparison(random);
    };
  }

  private static List<PlainRule> two(Random random, int depth) {
    return List.of(random(random, depth - 1), random(random, depth - 1));
  }

  private static PlainRule comparison(Random random) {
    String name = NAMES.get(random.nextInt(NAMES.size()));
    String sign = List.of(">", ">=", "<", "<=", "=", "!=").get(random.nextInt(6));
    boolean counts = name.equals("faces") || name.equals("followed");
    double number = counts ? random.nextInt(4) : random.nextInt(11) / 10.0;
    return new PlainRule(sign, List.of(), name, number);
  }

  String text() {
    return switch (kind) {
      case "and", "or" -> "(" + parts.get(0).text() + " " + kind + " " + parts.get(1).text() + ")";
      case "not" -> "(not " + parts.get(0).text() + ")";
      case "for" -> "(" + parts.get(0).text() + ") for " + (long) number + "ms";
      default -> String.format(Locale.ROOT, "%s %s %.1f", name, kind, number);
    };
  }

  /** Whether it holds at the frame with this index. */
  boolean holds(List<Frame> frames, int index) {
    return switch (kind) {
      case "and" -> parts.get(0).holds(frames, index) && parts.get(1).holds(frames, index);
      case "or" -> parts.get(0).holds(frames, index) || parts.get(1).holds(frames, index);
      case "not" -> !parts.get(0).holds(frames, index);
      case "for" -> isHeld(frames, index);
      default -> compare(frames.get(index).values().get(name));
    };
  }

  private boolean isHeld(List<Frame> frames, int index) {
    int first = index;
    if (!parts.get(0).holds(frames, index)) {
      return false;
    }
    while (first > 0 && !frames.get(first).fresh() && parts.get(0).holds(frames, first - 1)) {
      first--;
    }
    return frames.get(index).millis() - frames.get(first).millis() >= number;
  }

  private boolean compare(double value) {
    float a = (float) value;
    float b = (float) number;
    return switch (kind) {
      case ">" -> a > b;
      case ">=" -> a >= b;
      case "<" -> a < b;
      case "<=" -> a <= b;
      case "=" -> a == b;
      default -> a != b;
    };
  }
}
