package io.moodline.models;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * What a bundle demands of a face and of its largest score before its label is said. Scores are
 * published in any case. A limit that is NaN is not applied: it was not found, or none was needed.
 * Limits are found on data ({@link GateSearch}) and stand in {@code model.json}. Thread-safe.
 *
 * @param leastPixels of {@link FaceQuality#pixels}
 * @param leastSharpness of {@link FaceQuality#sharpness}
 * @param leastBrightness of {@link FaceQuality#brightness}, 0 to 1
 * @param mostYaw of {@link FaceQuality#yaw} to either side, degrees
 * @param mostRoll of {@link FaceQuality#roll} to either side, degrees
 * @param leastInFrame of {@link FaceQuality#inFrame}, 0 to 1
 * @param leastScore of the largest score, 0 to 1; holds for the temperature it was found at
 */
public record Gate(
    double leastPixels,
    double leastSharpness,
    double leastBrightness,
    double mostYaw,
    double mostRoll,
    double leastInFrame,
    double leastScore) {
  /** Why a label is withheld; the names are those on the wire. */
  public enum Reason {
    SMALL,
    BLURRED,
    DARK,
    TURNED,
    CUT_OFF,
    UNSURE
  }

  private static final double NO = Double.NaN;

  /** Lets every label pass. */
  public static final Gate NONE = new Gate(NO, NO, NO, NO, NO, NO, NO);

  /** Why the label of a face is withheld, in the order of the reasons; empty where it is not. */
  public List<Reason> judge(FaceQuality face, float[] scores) {
    List<Reason> reasons = new ArrayList<>(judge(face));
    if (scores.length > 0 && scores[Evaluation.largest(scores)] < leastScore) {
      reasons.add(Reason.UNSURE);
    }
    return reasons;
  }

  /** The same by the picture alone. Comparisons with NaN, on either side, are no objections. */
  List<Reason> judge(FaceQuality face) {
    List<Reason> reasons = new ArrayList<>();
    add(reasons, Reason.SMALL, face.pixels() < leastPixels);
    add(reasons, Reason.BLURRED, face.sharpness() < leastSharpness);
    add(reasons, Reason.DARK, face.brightness() < leastBrightness);
    boolean turned = Math.abs(face.yaw()) > mostYaw || Math.abs(face.roll()) > mostRoll;
    add(reasons, Reason.TURNED, turned);
    add(reasons, Reason.CUT_OFF, face.inFrame() < leastInFrame);
    return reasons;
  }

  private static void add(List<Reason> reasons, Reason reason, boolean holds) {
    if (holds) {
      reasons.add(reason);
    }
  }

  /** The same without a limit on the score: that of another temperature says nothing. */
  public Gate withoutScore() {
    return withScore(NO);
  }

  Gate withScore(double score) {
    return new Gate(
        leastPixels, leastSharpness, leastBrightness, mostYaw, mostRoll, leastInFrame, score);
  }

  boolean isNone() {
    return equals(NONE);
  }

  /** As it stands in {@code model.json}; limits that are not there are left out. */
  public ObjectNode toJson() {
    ObjectNode node = Manifest.JSON.createObjectNode();
    put(node, "leastPixels", leastPixels);
    put(node, "leastSharpness", leastSharpness);
    put(node, "leastBrightness", leastBrightness);
    put(node, "mostYaw", mostYaw);
    put(node, "mostRoll", mostRoll);
    put(node, "leastInFrame", leastInFrame);
    put(node, "leastScore", leastScore);
    return node;
  }

  private static void put(ObjectNode node, String limit, double value) {
    if (!Double.isNaN(value)) {
      node.put(limit, value);
    }
  }

  static Gate parse(JsonNode node, String where) {
    return new Gate(
        limit(node, "leastPixels", 1 << 14, where),
        limit(node, "leastSharpness", 100, where),
        limit(node, "leastBrightness", 1, where),
        limit(node, "mostYaw", 90, where),
        limit(node, "mostRoll", 180, where),
        limit(node, "leastInFrame", 1, where),
        limit(node, "leastScore", 1, where));
  }

  private static double limit(JsonNode node, String name, double most, String where) {
    if (node.path(name).isMissingNode()) {
      return NO;
    }
    double value = node.path(name).asDouble(NO);
    if (!(value >= 0 && value <= most)) {
      throw new BundleException(where + ": gate." + name + " must lie between 0 and " + most);
    }
    return value;
  }
}
