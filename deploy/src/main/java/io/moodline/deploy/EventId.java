package io.moodline.deploy;

import io.moodline.runtime.UserException;

/**
 * Names one face in one frame, as the key of its event does: {@code stream/run/sequence/face}.
 *
 * @param face index of the face in its frame, from 0
 */
record EventId(String stream, String run, long sequence, int face) {
  static EventId parse(String text) {
    String[] parts = text.split("/", -1);
    try {
      if (parts.length == 4 && !parts[0].isEmpty() && !parts[1].isEmpty()) {
        return new EventId(
            parts[0], parts[1], Long.parseLong(parts[2]), Integer.parseInt(parts[3]));
      }
    } catch (NumberFormatException e) {
      throw new UserException(wrong(text), e);
    }
    throw new UserException(wrong(text));
  }

  private static String wrong(String text) {
    return "'"
        + text
        + "' is no event: give STREAM/RUN/SEQUENCE/FACE as `moodline watch` prints it";
  }

  @Override
  public String toString() {
    return stream + "/" + run + "/" + sequence + "/" + face;
  }
}
