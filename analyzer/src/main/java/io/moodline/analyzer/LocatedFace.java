package io.moodline.analyzer;

import java.util.Comparator;

/**
 * A face that a detector found.
 *
 * @param landmarks pixels x0, y0, x1, y1, ...: right eye, left eye, nose tip, right and left corner
 *     of the mouth, as the person has them; empty where the detector finds none
 * @param faceScore the detector's score, 0 to 1
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record LocatedFace(PixelBox box, float[] landmarks, float faceScore) {
  /** By falling score, then from left to right, then from the top: a total order for results. */
  static final Comparator<LocatedFace> ORDER =
      Comparator.comparingDouble((LocatedFace face) -> -face.faceScore())
          .thenComparingDouble(face -> face.box().x())
          .thenComparingDouble(face -> face.box().y())
          .thenComparingDouble(face -> face.box().width());
}
