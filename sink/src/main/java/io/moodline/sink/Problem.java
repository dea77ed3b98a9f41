package io.moodline.sink;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.runtime.UserException;
import io.moodline.schemas.SchemaUnavailableException;
import org.apache.kafka.common.KafkaException;

/**
 * An answer other than what was asked for, written as RFC 9457 problem details. The detail is one
 * sentence for the caller; it holds neither secrets nor internals.
 */
final class Problem extends RuntimeException {
  static final String CONTENT_TYPE = "application/problem+json";

  private static final long serialVersionUID = 1L;

  private final int status;
  private final int retryAfterSeconds;

  /** Character of a text at which it is wrong, from 1; 0 where there is none. */
  private final int position;

  private Problem(int status, String detail) {
    this(status, detail, status == 503 ? 2 : 0, 0);
  }

  private Problem(int status, String detail, int retryAfterSeconds, int position) {
    super(detail, null, false, false);
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
    this.position = position;
  }

  static Problem of(int status, String detail) {
    return new Problem(status, detail);
  }

  /** The request can not be understood. */
  static Problem malformed(String detail) {
    return new Problem(400, detail);
  }

  /** The request is understood, and what it asks for can not be done. */
  static Problem unprocessable(String detail) {
    return new Problem(422, detail);
  }

  /**
   * A text in the request can not be read.
   *
   * @param position of the first character that is wrong, from 1
   */
  static Problem unprocessable(String detail, int position) {
    return new Problem(422, detail, 0, position);
  }

  static Problem unprocessable(UserException why) {
    return unprocessable(String.valueOf(why.getMessage()));
  }

  static Problem notFound(String detail) {
    return new Problem(404, detail);
  }

  static Problem unavailable(String detail) {
    return new Problem(503, detail);
  }

  /** Kafka, or the schema registry that its records name, does not answer. */
  static Problem unavailable(KafkaException why) {
    return unavailable(
        why instanceof SchemaUnavailableException
            ? "the schema registry does not answer: ask again"
            : "Kafka does not answer");
  }

  /** The caller asks too often. */
  static Problem tooMany(String detail, int retryAfterSeconds) {
    return new Problem(429, detail, retryAfterSeconds, 0);
  }

  int status() {
    return status;
  }

  String detail() {
    return String.valueOf(getMessage());
  }

  void write(Context ctx) {
    if (retryAfterSeconds > 0) {
      ctx.header("Retry-After", Integer.toString(retryAfterSeconds));
    }
    if (status == 401) {
      ctx.header("WWW-Authenticate", "Bearer");
    }
    ctx.status(status).header("Content-Type", CONTENT_TYPE).result(body());
  }

  private String body() {
    ObjectNode body = json(status, detail());
    if (position > 0) {
      body.put("position", position);
    }
    return body.toString();
  }

  static String body(int status, String detail) {
    return json(status, detail).toString();
  }

  private static ObjectNode json(int status, String detail) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("type", "about:blank")
        .put("title", title(status))
        .put("status", status)
        .put("detail", detail);
  }

  private static String title(int status) {
    return switch (status) {
      case 400 -> "Bad Request";
      case 401 -> "Unauthorized";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 406 -> "Not Acceptable";
      case 409 -> "Conflict";
      case 411 -> "Length Required";
      case 412 -> "Precondition Failed";
      case 413 -> "Content Too Large";
      case 414 -> "URI Too Long";
      case 415 -> "Unsupported Media Type";
      case 421 -> "Misdirected Request";
      case 422 -> "Unprocessable Content";
      case 429 -> "Too Many Requests";
      case 431 -> "Request Header Fields Too Large";
      case 503 -> "Service Unavailable";
      case 507 -> "Insufficient Storage";
      default -> status >= 500 ? "Internal Server Error" : "Error";
    };
  }
}
