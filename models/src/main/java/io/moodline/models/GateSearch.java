package io.moodline.models;

import io.moodline.models.Degradation.Seen;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Finds a bundle's gate on labelled faces, and measures on others what it does.
 *
 * <p>Every clean face is spoilt in the ways of {@link Degradation}, step by step. A limit stands
 * where faces of that quality begin to lose more than {@link Rules#mostLoss} of the accuracy that
 * the same faces have when they are clean; for turned heads, which are turned in the data set
 * itself, of the accuracy of all. The least score stands where a label begins to be right with
 * {@link Rules#leastRight}, among clean and spoilt faces that the other limits let pass. Every
 * second face is for finding, the others for measuring. Confined to one thread.
 */
public final class GateSearch {
  /**
   * When a label is withheld.
   *
   * @param mostLoss of accuracy, 0 to 1
   * @param leastRight how probable it must be that the label is right, 0 to 1
   */
  public record Rules(double mostLoss, double leastRight) {
    /** Ten points lost, or more often wrong than right. */
    public static final Rules DEFAULT = new Rules(0.1, 0.5);

    public Rules {
      if (!(mostLoss > 0 && mostLoss < 1) || !(leastRight > 0 && leastRight < 1)) {
        throw new BundleException("a gate's loss and probability must lie between 0 and 1");
      }
    }
  }

  /**
   * A clean face.
   *
   * @param truth index of its label
   * @param yaw how far it is turned aside in degrees; NaN where nobody knows
   */
  public record LabelledFace(FacePicture picture, int truth, double yaw) {}

  /** A face that was scored, clean or spoilt. */
  private record Scored(
      FaceQuality quality, float largest, boolean right, boolean cleanRight, double level) {}

  /** Of each half; each of them is spoilt some thirty times. */
  private static final int MOST_SPOILT = 500;

  private final Bundle bundle;
  private final Classifier classifier;
  private final Rules rules;

  public GateSearch(Bundle bundle, Classifier classifier, Rules rules) {
    if (bundle.mask() != MaskKind.NONE) {
      throw new BundleException(
          bundle.name() + " looks through a mask; gates are found for models without one");
    }
    this.bundle = bundle;
    this.classifier = classifier;
    this.rules = rules;
  }

  /** The gate, and what it does to faces that had no part in finding it. */
  public GateReport run(List<LabelledFace> faces) {
    if (faces.size() < 2) {
      throw new BundleException("a gate needs two faces at least, better some thousand");
    }
    Half fitted = score(every(faces, 0));
    Half held = score(every(faces, 1));
    Gate pictureGate = pictureGate(fitted);
    Gate gate = pictureGate.withScore(leastScore(fitted, pictureGate));
    return report(gate, fitted, held);
  }

  private static List<LabelledFace> every(List<LabelledFace> faces, int from) {
    List<LabelledFace> half = new ArrayList<>();
    for (int i = from; i < faces.size(); i += 2) {
      half.add(faces.get(i));
    }
    return half;
  }

  /** One half of the faces, clean and in every way spoilt. */
  private record Half(List<Scored> clean, Map<Degradation, List<Scored>> spoilt) {
    List<Scored> all() {
      List<Scored> all = new ArrayList<>(clean);
      spoilt.values().forEach(all::addAll);
      return all;
    }
  }

  private Half score(List<LabelledFace> faces) {
    InputSpec input = bundle.input();
    List<Integer> all = IntStream.range(0, faces.size()).boxed().toList();
    List<Scored> clean =
        score(faces, all, i -> Degradation.clean(faces.get(i).picture(), input), List.of(), 0);
    int step = (faces.size() + MOST_SPOILT - 1) / MOST_SPOILT;
    Map<Degradation, List<Scored>> spoilt = new EnumMap<>(Degradation.class);
    for (Degradation way : ways()) {
      List<Scored> scored = new ArrayList<>();
      for (double level : way.levels()) {
        List<Integer> some =
            all.stream()
                .filter(i -> i % step == 0 && way.applies(faces.get(i).picture(), level))
                .toList();
        IntFunction<Seen> spoil = i -> way.spoil(faces.get(i).picture(), level, i, input);
        scored.addAll(score(faces, some, spoil, clean, level));
      }
      spoilt.put(way, scored);
    }
    return new Half(clean, spoilt);
  }

  /** A crop that follows the landmarks turns every face upright. */
  private List<Degradation> ways() {
    List<Degradation> ways = new ArrayList<>(List.of(Degradation.values()));
    if (bundle.crop().followsLandmarks()) {
      ways.remove(Degradation.TILTED);
    }
    return ways;
  }

  /**
   * Scores some faces, a batch at a time: only scores stay in memory.
   *
   * @param clean all faces as they scored unspoilt; empty while they are
   */
  private List<Scored> score(
      List<LabelledFace> faces,
      List<Integer> some,
      IntFunction<Seen> make,
      List<Scored> clean,
      double level) {
    List<Scored> scored = new ArrayList<>();
    for (int from = 0; from < some.size(); from += Classifier.LARGEST_BATCH) {
      List<Integer> batch =
          some.subList(from, Math.min(some.size(), from + Classifier.LARGEST_BATCH));
      List<Seen> seen = batch.stream().map(make::apply).toList();
      float[][] scores =
          classifier.classify(seen.stream().map(Seen::pixels).toArray(byte[][]::new));
      for (int i = 0; i < scores.length; i++) {
        LabelledFace face = faces.get(batch.get(i));
        int guess = Evaluation.largest(scores[i]);
        boolean right = guess == face.truth();
        boolean cleanRight = clean.isEmpty() ? right : clean.get(batch.get(i)).right();
        FaceQuality quality = seen.get(i).quality().turnedAside(face.yaw());
        scored.add(new Scored(quality, scores[i][guess], right, cleanRight, level));
      }
    }
    return scored;
  }

  private Gate pictureGate(Half half) {
    return new Gate(
        least(half, Degradation.SMALL, FaceQuality::pixels),
        least(half, Degradation.BLURRED, FaceQuality::sharpness),
        least(half, Degradation.DARK, FaceQuality::brightness),
        mostYaw(half.clean()),
        mostRoll(half),
        least(half, Degradation.CUT_OFF, FaceQuality::inFrame),
        Double.NaN);
  }

  private double least(Half half, Degradation way, ToDoubleFunction<FaceQuality> figure) {
    List<Isotonic.Point> points = new ArrayList<>();
    for (List<Scored> some : List.of(half.clean(), half.spoilt().get(way))) {
      for (Scored face : some) {
        points.add(new Isotonic.Point(figure.applyAsDouble(face.quality()), loss(face)));
      }
    }
    return Isotonic.crossing(points, rules.mostLoss());
  }

  private static double loss(Scored face) {
    return (face.cleanRight() ? 1 : 0) - (face.right() ? 1 : 0);
  }

  private double mostRoll(Half half) {
    List<Isotonic.Point> points = new ArrayList<>();
    for (Scored face : half.spoilt().getOrDefault(Degradation.TILTED, List.of())) {
      points.add(new Isotonic.Point(-Math.abs(face.quality().roll()), loss(face)));
    }
    return -Isotonic.crossing(points, rules.mostLoss());
  }

  private double mostYaw(List<Scored> clean) {
    List<Scored> posed = clean.stream().filter(f -> !Double.isNaN(f.quality().yaw())).toList();
    double accuracy = posed.stream().mapToDouble(f -> f.right() ? 1 : 0).average().orElse(0);
    List<Isotonic.Point> points =
        posed.stream()
            .map(
                face ->
                    new Isotonic.Point(
                        -Math.abs(face.quality().yaw()), accuracy - (face.right() ? 1 : 0)))
            .toList();
    return -Isotonic.crossing(points, rules.mostLoss());
  }

  private double leastScore(Half half, Gate pictureGate) {
    List<Isotonic.Point> points =
        half.all().stream()
            .filter(face -> pictureGate.judge(face.quality()).isEmpty())
            .map(face -> new Isotonic.Point(face.largest(), face.right() ? 0 : 1))
            .toList();
    return Isotonic.crossing(points, 1 - rules.leastRight());
  }

  private GateReport report(Gate gate, Half fitted, Half held) {
    List<GateReport.Row> rows = new ArrayList<>();
    rows.add(row("clean", held.clean(), gate));
    held.spoilt()
        .forEach(
            (way, faces) -> {
              for (double level : way.levels()) {
                List<Scored> some = faces.stream().filter(f -> f.level() == level).toList();
                if (!some.isEmpty()) {
                  rows.add(row(GateReport.name(way, level), some, gate));
                }
              }
            });
    rows.add(row("all of these", held.all(), gate));
    return new GateReport(
        gate, rules, fitted.clean().size(), held.clean().size(), rows, curve(held.clean()));
  }

  private static GateReport.Row row(String name, List<Scored> faces, Gate gate) {
    List<Scored> labelled = faces.stream().filter(face -> passes(face, gate)).toList();
    return new GateReport.Row(
        name,
        faces.size(),
        accuracy(faces),
        (double) labelled.size() / Math.max(1, faces.size()),
        accuracy(labelled));
  }

  private static boolean passes(Scored face, Gate gate) {
    return gate.judge(face.quality(), new float[] {face.largest()}).isEmpty();
  }

  private static double accuracy(List<Scored> faces) {
    return faces.stream().mapToDouble(face -> face.right() ? 1 : 0).average().orElse(Double.NaN);
  }

  /** How right the surest faces are, for falling shares of all. */
  private static List<GateReport.CurvePoint> curve(List<Scored> faces) {
    List<Scored> surest = new ArrayList<>(faces);
    surest.sort(Comparator.comparingDouble(face -> -face.largest()));
    List<GateReport.CurvePoint> curve = new ArrayList<>();
    for (double coverage : GateReport.COVERAGES) {
      int count = Math.max(1, (int) Math.round(coverage * surest.size()));
      List<Scored> some = surest.subList(0, count);
      curve.add(new GateReport.CurvePoint(coverage, accuracy(some), some.get(count - 1).largest()));
    }
    return curve;
  }
}
