package io.moodline.analyzer;

import java.util.List;

/**
 * Finds faces in a picture. The same picture always gives the same faces. Owns native memory, so it
 * is confined to the thread that opened it.
 */
interface FaceDetector extends AutoCloseable {
  /** Faces in {@link LocatedFace#ORDER}. */
  List<LocatedFace> detect(Picture picture);

  @Override
  void close();
}
