package io.moodline.ingest;

import java.io.IOException;

/** The child has gone away from its link; why, its decoding tells. */
final class PlayerGoneException extends IOException {
  private static final long serialVersionUID = 1L;

  PlayerGoneException(IOException cause) {
    super("the player is gone", cause);
  }
}
