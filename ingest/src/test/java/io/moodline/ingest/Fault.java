package io.moodline.ingest;

/**
 * What is wrong with a test camera until it is healed, and what is then told of it. A fault without
 * a reason is one that the stream lives through.
 */
enum Fault {
  NONE(""),
  // The connection.
  BLACK_HOLE("does not answer"),
  RESET_IN_HANDSHAKE("broke the connection"),
  HANG_UP_IN_HANDSHAKE("closed the connection"),
  HALF_OPEN("sends nothing any more"),
  SLOW_DRIP("does not answer"),
  NOT_RTSP("does not speak RTSP"),
  LINE_WITHOUT_END("sends a line without end"),
  // Who may watch.
  LOCKED_OUT("refuses the user name or password"),
  PASSWORD_CHANGED("refuses the user name or password"),
  // Where it leads.
  REDIRECT_LOOP("sends its readers elsewhere again and again"),
  REDIRECT_INNER("never read"),
  REDIRECT_FILE("leads elsewhere"),
  REDIRECT_IN_SESSION("ended the session"),
  HTTP_REDIRECT_LOOP("sends its readers elsewhere again and again"),
  HTTP_REDIRECT_INNER("never read"),
  HTTP_REDIRECT_SPELLING("leads elsewhere"),
  PLAYLIST_TO_FILE("leads elsewhere"),
  PLAYLIST_TO_INNER("never read"),
  PLAYLIST_KEY_FILE("leads elsewhere"),
  // What it says of itself.
  NO_SUCH_PATH("has no stream under this path"),
  SERVER_ERROR("answers DESCRIBE with status 500"),
  AUDIO_ONLY("has no video"),
  UNKNOWN_CODEC("which Moodline can not decode"),
  ENDLESS_DESCRIPTION("that is no camera"),
  WEB_PAGE("is a web page, not a video"),
  SINGLE_PICTURE("is a single picture, not a video"),
  LYING_CONTENT_TYPE(""),
  BROKEN_CHUNKS("sends chunks that can not be read"),
  // What it sends.
  GARBAGE_UNITS("sent no frame"),
  GARBAGE_BETWEEN_PACKETS(""),
  NO_PACKETS_AT_ALL("sends data that is no RTSP"),
  EMPTY_PACKETS(""),
  SIZE_CHANGE(""),
  TIME_BACK(""),
  TIME_FORWARD(""),
  TIME_WRAP(""),
  HUGE_PICTURES("at most 4096 x 2304 is read"),
  HUGE_JPEG("at most 4096 x 2304 is read"),
  END_AND_RETURN("closed the connection");

  final String reason;

  Fault(String reason) {
    this.reason = reason;
  }

  boolean isHttp() {
    return switch (this) {
      case HTTP_REDIRECT_LOOP,
          HTTP_REDIRECT_INNER,
          HTTP_REDIRECT_SPELLING,
          PLAYLIST_TO_FILE,
          PLAYLIST_TO_INNER,
          PLAYLIST_KEY_FILE,
          WEB_PAGE,
          SINGLE_PICTURE,
          LYING_CONTENT_TYPE,
          BROKEN_CHUNKS,
          HUGE_JPEG ->
          true;
      default -> false;
    };
  }

  /** Whether pictures flow all the same. */
  boolean isLivedThrough() {
    return reason.isEmpty();
  }
}
