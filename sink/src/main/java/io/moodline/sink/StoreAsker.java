package io.moodline.sink;

/** Whoever can answer a {@link StoreQuestion}. Thread-safe. */
interface StoreAsker {
  /**
   * Answers.
   *
   * @param staleAllowed whether an answer may be stale; it is marked when it is
   * @throws NotReadyException when nobody can answer now
   */
  StoreAnswer ask(StoreQuestion question, boolean staleAllowed);
}
