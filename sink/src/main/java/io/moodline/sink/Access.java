package io.moodline.sink;

import io.javalin.http.Context;
import io.moodline.runtime.AccessTokens;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.UserException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * Lets a caller use a route, or says why not. While only a loopback address is served, every caller
 * may use everything but what instances ask each other; otherwise each shows a token, and its role
 * decides. Thread-safe.
 */
final class Access {
  private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "::1", "localhost");
  private static final String SCHEME = "Bearer ";
  private static final String ROLE = Role.class.getName();

  private final InternalToken internal;
  private final AccessTokens tokens;
  private final KnownTokens known;
  private final boolean demanded;

  Access(StageContext stage) {
    this.internal = new InternalToken(stage.secrets());
    this.tokens = tokens(stage.settings());
    this.known = new KnownTokens(tokens);
    this.demanded = isDemanded(stage.settings());
  }

  /** Whether callers have to show tokens. */
  static boolean isDemanded(Settings settings) {
    return !isLoopback(settings) || settings.get(SinkSettings.TOKENS_ALWAYS);
  }

  static boolean isLoopback(Settings settings) {
    return LOOPBACK.contains(settings.get(SinkSettings.HOST));
  }

  static AccessTokens tokens(Settings settings) {
    String file = settings.get(SinkSettings.TOKENS_FILE);
    return new AccessTokens(file.isEmpty() ? settings.home().resolve("tokens") : Path.of(file));
  }

  /**
   * Refuses to serve what everyone could use.
   *
   * @throws UserException when tokens are demanded and there is none
   */
  static void checkTokens(Settings settings) {
    if (isDemanded(settings) && tokens(settings).all().isEmpty()) {
      throw new UserException(
          "http.host '"
              + settings.get(SinkSettings.HOST)
              + "' needs access tokens, and there is none: make one with 'moodline token create admin', or"
              + " listen on 127.0.0.1");
    }
  }

  /**
   * Looks at the caller's token, and gives the request its {@link Pass}.
   *
   * @throws Problem when the caller may not use a route of that role
   */
  void check(Role role, Context ctx) {
    String header = ctx.req().getHeader("Authorization");
    if (role == Role.INTERNAL) {
      if (!internal.isIn(header)) {
        throw Problem.of(403, "only other instances of this installation may ask this");
      }
    } else if (demanded && role != Role.ANYONE) {
      AccessTokens.Entry entry = entry(header);
      checkRole(role, entry);
      Pass.give(ctx, known.pass(entry.id()));
      ctx.attribute(ROLE, Role.of(entry.role()));
    }
  }

  /** Who the caller of a request is that was let in. */
  static Role role(Context ctx) {
    Role role = ctx.attribute(ROLE);
    return role == null ? Role.ADMIN : role;
  }

  private AccessTokens.Entry entry(@org.jspecify.annotations.Nullable String header) {
    if (header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      throw Problem.of(401, "a token is missing: send it as Authorization: Bearer TOKEN");
    }
    Optional<AccessTokens.Entry> entry = tokens.find(header.substring(SCHEME.length()).strip());
    return entry.orElseThrow(() -> Problem.of(401, "the token is not known, or was revoked"));
  }

  private static void checkRole(Role role, AccessTokens.Entry entry) {
    if (Role.of(entry.role()).compareTo(role) < 0) {
      throw Problem.of(
          403,
          "the token's role "
              + entry.role().word()
              + " may not do this: it needs "
              + role.name().toLowerCase(java.util.Locale.ROOT));
    }
  }
}
