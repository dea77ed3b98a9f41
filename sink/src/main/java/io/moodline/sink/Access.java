package io.moodline.sink;

import io.javalin.http.Context;

/**
 * Lets a caller use a route, or says why not. While only loopback addresses are served, every
 * caller may use everything but what instances ask each other. Thread-safe.
 */
final class Access {
  private final InternalToken internal;

  Access(InternalToken internal) {
    this.internal = internal;
  }

  /**
   * Looks at the caller's token.
   *
   * @throws Problem when the caller may not use a route of that role
   */
  void check(Role role, Context ctx) {
    if (role == Role.INTERNAL && !internal.isIn(ctx.req().getHeader("Authorization"))) {
      throw Problem.of(403, "only other instances of this installation may ask this");
    }
  }
}
