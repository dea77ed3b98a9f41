package io.moodline.sink;

import java.util.List;

/**
 * The values that were asked for, as Avro bytes, in the order of the question.
 *
 * @param stale whether an instance answered that may not have seen the newest values
 */
record StoreAnswer(List<byte[]> values, boolean stale) {
  StoreAnswer {
    values = List.copyOf(values);
  }
}
