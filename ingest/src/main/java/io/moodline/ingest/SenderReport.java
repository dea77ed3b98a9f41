package io.moodline.ingest;

import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What a source says of its own clock (RTCP sender report, RFC 3550, 6.4.1): at this time of the
 * wall, its media clock showed that. Thread-safe.
 *
 * @param source who sends, the SSRC
 * @param epochMicros time of the wall since 1970, microseconds, as the source has it
 * @param rtpTime the same moment on the clock of its RTP packets
 */
record SenderReport(int source, long epochMicros, int rtpTime) {
  private static final int TYPE = 200;
  private static final int HEAD_BYTES = 28;
  private static final int BLOCK_BYTES = 24;
  private static final long SECONDS_1900_TO_1970 = 2_208_988_800L;

  /**
   * Finds the first sender report in an RTCP packet, which usually holds several parts. What is not
   * whole is passed over, and a report without a time of the wall is none.
   */
  static Optional<SenderReport> parse(byte[] rtcp) {
    ByteBuffer in = ByteBuffer.wrap(rtcp);
    int at = 0;
    while (at + 4 <= rtcp.length && (in.get(at) & 0xC0) == 0x80) {
      int bytes = 4 * ((in.getShort(at + 2) & 0xFFFF) + 1);
      if (bytes > rtcp.length - at) {
        return Optional.empty();
      }
      int blocks = in.get(at) & 0x1F;
      boolean whole = bytes >= HEAD_BYTES + blocks * BLOCK_BYTES;
      if ((in.get(at + 1) & 0xFF) == TYPE && whole && in.getLong(at + 8) != 0) {
        long micros = epochMicros(in.getLong(at + 8));
        return Optional.of(new SenderReport(in.getInt(at + 4), micros, in.getInt(at + 16)));
      }
      at += bytes;
    }
    return Optional.empty();
  }

  /** A time of NTP: seconds since 1900 and parts of 2^32; it begins anew in 2036. */
  private static long epochMicros(long ntp) {
    long seconds = ntp >>> 32;
    long since1900 = seconds < 0x8000_0000L ? seconds + (1L << 32) : seconds;
    long micros = (ntp & 0xFFFF_FFFFL) * 1_000_000 >>> 32;
    return (since1900 - SECONDS_1900_TO_1970) * 1_000_000 + micros;
  }
}
