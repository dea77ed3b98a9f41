package io.moodline.analyzer;

import java.util.List;

/**
 * Finds faces in a picture. The same picture always gives the same faces. Owns native memory, so it
 * is confined to the thread that opened it.
 */
interface FaceDetector extends AutoCloseable {
  /** Faces in {@link LocatedFace#ORDER}. */
  List<LocatedFace> detect(Picture picture);

  /** Faces of each picture, by itself or together with others as the detector likes. */
  default List<List<LocatedFace>> detectAll(List<Picture> pictures) {
    return pictures.stream().map(this::detect).toList();
  }

  /** How many pictures it gains from looking at together; 1 where it gains nothing. */
  default int largestBatch() {
    return 1;
  }

  @Override
  void close();
}
