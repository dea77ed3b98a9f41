package io.moodline.ingest;

import io.moodline.runtime.StreamKeys;
import io.moodline.schemas.v1.StreamSpec;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.random.RandomGenerator;

/**
 * What all streams of an instance share. Thread-safe, but for the publisher and flow control, which
 * are confined to the reader's thread.
 */
record StreamWork(
    String instance,
    Decoders decoders,
    SourceOrders orders,
    StreamKeys keys,
    FramePublisher publisher,
    Unanalysed unanalysed,
    IngestMetrics metrics,
    Limits limits,
    Clock clock,
    RandomGenerator random) {

  /** The settings that a stream obeys. */
  record Limits(
      Credits.Most unanalysed, int liveQueueFrames, Duration stallAfter, Duration reconnectAfter) {}

  /** SHA-256 of what decides a run's frames: a change that keeps it keeps the run. */
  static String fingerprint(StreamSpec spec) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      String parts =
          String.join(
              "\n",
              spec.getSource(),
              String.valueOf(spec.getKind()),
              String.valueOf(spec.getStart()),
              Double.toString(spec.getTargetFramesPerSecond()),
              String.valueOf(spec.getModel()),
              spec.getPurpose());
      if (spec.getSampling() != null) {
        parts += "\n" + spec.getSampling(); // all others keep the runs that they had before
      }
      digest.update(parts.getBytes(java.nio.charset.StandardCharsets.UTF_8));
      ByteBuffer sealed = spec.getSealedCredentials();
      if (sealed != null) {
        digest.update(sealed.duplicate());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
