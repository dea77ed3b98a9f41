package io.moodline.models;

import java.util.Arrays;

/**
 * Which landmarks a network's mask was made of in training. A network must be given the kind it was
 * trained with: the bundle says which.
 */
public enum MaskKind {
  /** The network looks at the face alone. */
  NONE("none", 0),
  /** Sixty-eight landmarks, as OAENet was published. */
  PUBLISHED_68("published-68", 68),
  /** The five landmarks that a face detector gives. */
  FIVE_POINT("five-point", 5);

  private final String id;
  private final int points;

  MaskKind(String id, int points) {
    this.id = id;
    this.points = points;
  }

  /** As it stands in {@code model.json}. */
  public String id() {
    return id;
  }

  /** How many landmarks {@link #mask} takes. */
  public int points() {
    return points;
  }

  /**
   * The mask of a face, see {@link OaenetMask#of}; refuses landmarks of another count, which are
   * those of another kind of mask.
   */
  public float[] mask(byte[] face, float[][] landmarks) {
    if (landmarks.length != points) {
      throw new BundleException(
          "the model was made with the "
              + id
              + " mask of "
              + points
              + " landmarks, but there are "
              + landmarks.length
              + "; give those, or take a model made with another mask");
    }
    return OaenetMask.of(face, landmarks);
  }

  static MaskKind of(String id, String where) {
    return Arrays.stream(values())
        .filter(kind -> kind.id.equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new BundleException(
                    where
                        + ": mask "
                        + id
                        + " is not known; none, published-68"
                        + " and five-point are"));
  }
}
