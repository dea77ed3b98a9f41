package io.moodline.sink;

import io.javalin.http.Context;
import java.util.Locale;
import java.util.Set;

/**
 * What every request must be before a route sees it, so that no web page elsewhere can use a
 * reader's browser against this server.
 *
 * <ul>
 *   <li>While a loopback address is served, the Host header names it: a page whose own name was
 *       pointed at 127.0.0.1 (DNS rebinding) is answered 421. Elsewhere tokens keep such pages out.
 *   <li>A change that says it comes from another origin is answered 403; so is one from a sandboxed
 *       page. Requests without an Origin header come from programs, not from pages.
 *   <li>Credentials in the query ({@code ?token=}) are refused: they would end up in logs.
 * </ul>
 *
 * Thread-safe.
 */
final class RequestGuard {
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");
  private static final Set<String> SAFE_METHODS = Set.of("GET", "HEAD", "OPTIONS");

  private final boolean loopback;

  /**
   * A guard.
   *
   * @param loopback whether only a loopback address is served, and no token keeps pages out
   */
  RequestGuard(boolean loopback) {
    this.loopback = loopback;
  }

  void check(Context ctx) {
    setHeaders(ctx);
    String host = ctx.req().getHeader("Host");
    if (host == null || loopback && !LOOPBACK.contains(name(host))) {
      throw Problem.of(
          421, "this server answers only to localhost, 127.0.0.1 and [::1] in the Host header");
    }
    if (!SAFE_METHODS.contains(ctx.req().getMethod())) {
      checkOrigin(ctx, host);
    }
    if (ctx.req().getMethod().equals("HEAD") && ctx.path().startsWith("/api/")) {
      // The server would answer 200 without asking the route whether the thing is there.
      throw Problem.of(405, "the API does not know the method HEAD: use GET");
    }
    String query = ctx.req().getQueryString();
    if (query != null && query.matches("(?i)(.*&)?(access_)?token=.*")) {
      throw Problem.malformed("a token in the address is refused: it would end up in logs");
    }
  }

  /** As {@link #check}; and no page of another origin may open a socket, though it is a GET. */
  void checkSocket(Context ctx) {
    check(ctx);
    checkOrigin(ctx, String.valueOf(ctx.req().getHeader("Host")));
  }

  private void checkOrigin(Context ctx, String host) {
    String origin = ctx.req().getHeader("Origin");
    boolean own =
        origin == null
            || origin.equalsIgnoreCase("http://" + host)
            || !loopback && origin.equalsIgnoreCase("https://" + host); // behind a proxy with TLS
    if (!own) {
      throw Problem.of(403, "changes and sockets from pages of another origin are refused");
    }
    if ("cross-site".equals(ctx.req().getHeader("Sec-Fetch-Site"))) {
      throw Problem.of(403, "changes and sockets from pages of another site are refused");
    }
  }

  private static String name(String host) {
    return host.replaceFirst(":[0-9]*$", "").toLowerCase(Locale.ROOT);
  }

  private static void setHeaders(Context ctx) {
    ctx.header("X-Content-Type-Options", "nosniff")
        .header("Referrer-Policy", "no-referrer")
        .header("X-Frame-Options", "DENY")
        .header("Cross-Origin-Resource-Policy", "same-origin")
        .header(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
                + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
        .header("Cache-Control", "no-store");
  }
}
