package io.moodline.analyzer;

import io.moodline.models.FaceQuality;
import java.util.List;

/** What a detector's thread made of one frame. */
sealed interface Sighting {
  /**
   * Its faces, in {@link LocatedFace#ORDER}.
   *
   * @param forTrial the same ones as a model under trial takes them; empty without one
   */
  record Faces(List<CroppedFace> faces, List<CroppedFace> forTrial) implements Sighting {}

  /** It can not be analysed. */
  record Unusable(FailReason reason) implements Sighting {}

  /**
   * A face and what the network takes of it. The full picture is not kept: a batch of crops is a
   * thousandth of a batch of pictures.
   *
   * @param pixels uint8 [height, width, 3], RGB
   * @param mask float [height, width]; empty for a network that needs none
   * @param quality what the bundle's gate judges
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by identity only
  record CroppedFace(LocatedFace face, byte[] pixels, float[] mask, FaceQuality quality) {}
}
