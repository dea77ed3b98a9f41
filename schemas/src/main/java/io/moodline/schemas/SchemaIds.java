package io.moodline.schemas;

import org.apache.avro.Schema;

/**
 * A schema registry's numbers: every schema that was ever written has one. Implementations are
 * thread-safe and remember what they were told.
 */
public interface SchemaIds {
  /**
   * The number of a schema, given to it now if it has none.
   *
   * @throws org.apache.kafka.common.errors.SerializationException when the registry refuses it
   * @throws SchemaUnavailableException when the registry does not answer
   */
  int idOf(Schema schema);

  /**
   * The schema that has a number.
   *
   * @throws org.apache.kafka.common.errors.SerializationException when there is none
   * @throws SchemaUnavailableException when that can not be told now
   */
  Schema schemaOf(int id);
}
