package io.moodline.runtime;

import org.apache.kafka.common.errors.RetriableException;

/** A stream's key can not be had now: nothing that it sealed may be given up, so ask again. */
public final class KeyUnavailableException extends RetriableException {
  private static final long serialVersionUID = 1L;

  KeyUnavailableException(String message) {
    super(message);
  }

  KeyUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
