package io.moodline.schemas;

import org.apache.kafka.common.errors.RetriableException;

/**
 * The schema that a record names can not be had now, since the registry does not answer or lets
 * nobody in. Nothing is known of the record: it is not given up, and whoever reads it asks again.
 */
public final class SchemaUnavailableException extends RetriableException {
  private static final long serialVersionUID = 1L;

  public SchemaUnavailableException(String message) {
    super(message);
  }
}
