package io.moodline.ingest;

/**
 * Where sources are decoded: outside this process, because a native call can hang for hours or end
 * the process it runs in. Thread-safe.
 */
interface Decoders extends AutoCloseable {
  /**
   * Starts to decode one source and returns at once.
   *
   * @param listener told what happens, in order, by one thread at a time; never while this call
   *     runs, and not again once {@link Decoding#close} has returned
   */
  Decoding open(DecodeOrder order, DecodeListener listener);

  /** Ends all decoding; no child process stays behind. */
  @Override
  void close();

  /** One source being decoded. Thread-safe. */
  interface Decoding extends AutoCloseable {
    /** Allows a recording's decoder to send so many more frames; it starts with none. */
    void grant(int frames);

    /** Ends it. A second call does nothing. */
    @Override
    void close();
  }
}
