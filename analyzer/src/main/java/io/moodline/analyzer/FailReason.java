package io.moodline.analyzer;

/** Why a frame is FAILED; the names are the ones on the wire. */
enum FailReason {
  /** The bytes are no whole baseline JPEG of grey or colour. */
  DECODE_ERROR,
  /** More pixels or bytes than are ever decoded. */
  TOO_LARGE,
  /** The sealed picture was changed, or belongs to another frame. */
  BROKEN_SEAL,
  /** The JPEG has another size than the frame says. */
  SIZE_MISMATCH,
  /** The detector gave up on this picture. */
  DETECT_ERROR,
  /** The stream asks for a bundle that is not there or can not be used. */
  NO_MODEL
}
