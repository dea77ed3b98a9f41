package io.moodline.sink;

import io.javalin.http.Context;

/**
 * What a caller was let in with, for connections that outlive the moment: who keeps one open asks
 * again, and ends it once the token behind it is gone. Thread-safe.
 */
@FunctionalInterface
interface Pass {
  /** The reason that a reader is told. */
  String REVOKED = "the token was revoked";

  /** Of callers that need no token. */
  Pass ALWAYS = () -> true;

  /** Whether the caller would still be let in. */
  boolean holds();

  /** Whose it is, by the token's id; empty for callers that need no token. */
  default String holder() {
    return "";
  }

  /** The pass of a request that {@link Access} has let in. */
  static Pass of(Context ctx) {
    Pass pass = ctx.attribute(Pass.class.getName());
    return pass == null ? ALWAYS : pass;
  }

  /** Remembers a pass for the rest of the request, and the socket that may come of it. */
  static void give(Context ctx, Pass pass) {
    ctx.attribute(Pass.class.getName(), pass);
  }
}
