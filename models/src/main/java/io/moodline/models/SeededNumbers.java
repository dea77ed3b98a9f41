package io.moodline.models;

import java.nio.charset.StandardCharsets;

/**
 * Numbers that follow from a seed and a key alone, the same in every language: FNV-1a over
 * "seed:key" starts a SplitMix64 sequence. Fills canaries, and the weights of parity tests.
 * Thread-safe.
 */
final class SeededNumbers {
  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private final long start;

  SeededNumbers(int seed, String key) {
    this.start = fnv1a(seed + ":" + key);
  }

  static long fnv1a(String text) {
    long hash = FNV_OFFSET;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    return hash;
  }

  /** The i-th number, uniform in [0, 1), in steps of 2^-24. */
  double uniform(long i) {
    long z = start + (i + 1) * GOLDEN;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    z ^= z >>> 31;
    return (z >>> 40) * 0x1p-24;
  }

  /** Bytes {@code from} to {@code from + count} of the sequence floor(256 u). */
  byte[] bytes(long from, int count) {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = (byte) (int) (256 * uniform(from + i));
    }
    return bytes;
  }
}
