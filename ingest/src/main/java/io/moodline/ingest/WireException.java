package io.moodline.ingest;

import java.io.IOException;

/**
 * The other end does not speak as it should. The message goes on after the source's name in a
 * sentence.
 */
final class WireException extends IOException {
  private static final long serialVersionUID = 1L;

  WireException(String message) {
    super(message);
  }
}
