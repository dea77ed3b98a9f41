package io.moodline.sink;

/**
 * Which values a range of a store's keys has. All keys belong to one stream, so to one partition.
 * Thread-safe, since nobody changes the keys.
 *
 * @param from first key, inclusive
 * @param to last key, inclusive
 * @param limit most values of an answer, 1 to {@value #MAX_LIMIT}
 * @param newestFirst whether to begin at {@code to}
 */
record StoreQuestion(
    QueryStore store, String streamId, byte[] from, byte[] to, int limit, boolean newestFirst) {
  /** A few megabytes at most travel between instances at a time. */
  static final int MAX_LIMIT = 5000;
}
