package io.moodline.sink;

import io.javalin.http.Context;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a caller demands of the revision it changes: {@code If-Match} and {@code If-None-Match: *}
 * of RFC 9110. Thread-safe.
 *
 * @param ifMatch revisions of which one must be there; {@code *} any; empty means no demand
 * @param ifNew whether nothing may be there
 */
record Precondition(Set<String> ifMatch, boolean ifNew) {

  static Precondition read(Context ctx) {
    String match = ctx.header("If-Match");
    return new Precondition(
        match == null
            ? Set.of()
            : Stream.of(match.split(","))
                .map(tag -> tag.strip().replaceFirst("^W/", "").replace("\"", ""))
                .collect(Collectors.toUnmodifiableSet()),
        "*".equals(ctx.header("If-None-Match")));
  }

  /**
   * Holds the demand against what is there.
   *
   * @throws Problem 412 when it does not hold
   */
  void check(Optional<Long> revision) {
    if (ifNew && revision.isPresent()) {
      throw Problem.of(412, "it is there already, at revision " + revision.get());
    }
    boolean matches =
        revision.isPresent()
            && (ifMatch.contains("*") || ifMatch.contains(Long.toString(revision.get())));
    if (!ifMatch.isEmpty() && !matches) {
      throw Problem.of(
          412,
          revision
              .map(it -> "it was changed meanwhile: it is at revision " + it)
              .orElse("there is nothing at this address to match"));
    }
  }

  /** Writes a revision as the answer's ETag. */
  static void tag(Context ctx, long revision) {
    ctx.header("ETag", "\"" + revision + "\"");
  }
}
