package io.moodline.ingest;

/**
 * How the portrait's face is warped; {@link #NONE} is the photograph. Distances are in pixels of
 * the portrait, in which the face is 97 pixels wide. Thread-safe.
 *
 * @param corners how far the mouth's corners move down; negative is up
 * @param narrow by how much the mouth is narrowed; 0.5 is two thirds of its width
 * @param thin by how much the mouth is flattened; 1 is half of its height
 * @param lips 0 to 1: how much of the teeth the lips cover
 * @param open how far the jaw drops and the mouth opens
 * @param innerBrows how far the brows' inner ends move down; negative is up
 * @param outerBrows how far the brows' outer ends move down; negative is up
 * @param eyes by how much the eyes are closed; negative opens them wide
 */
record Expression(
    double corners,
    double narrow,
    double thin,
    double lips,
    double open,
    double innerBrows,
    double outerBrows,
    double eyes) {
  static final Expression NONE = new Expression(0, 0, 0, 0, 0, 0, 0, 0);

  /** This expression taken to a part of its strength. */
  Expression times(double strength) {
    return new Expression(
        corners * strength,
        narrow * strength,
        thin * strength,
        lips * strength,
        open * strength,
        innerBrows * strength,
        outerBrows * strength,
        eyes * strength);
  }
}
