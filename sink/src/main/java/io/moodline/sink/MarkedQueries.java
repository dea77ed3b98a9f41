package io.moodline.sink;

/**
 * Queries of one request that may be answered by an instance which has not seen the newest values,
 * and then say so. Confined to the request.
 */
interface MarkedQueries extends TimelineQueries {
  /** Whether any answer so far may be older than what the owner would have said. */
  boolean stale();
}
