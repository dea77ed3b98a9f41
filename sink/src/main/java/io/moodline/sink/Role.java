package io.moodline.sink;

import io.javalin.security.RouteRole;
import io.moodline.runtime.AccessTokens;

/**
 * Who may call a route. Every route declares one. While only loopback addresses are served, every
 * caller is an {@link #ADMIN}; otherwise tokens tell callers apart, see {@link Access}.
 */
enum Role implements RouteRole {
  /** Health, metrics, the page and its files, the API's description: nothing about people. */
  ANYONE,
  /** Sees streams, timelines and events. */
  VIEWER,
  /** Also registers, changes, removes and replays. */
  OPERATOR,
  /** Also what concerns the installation. */
  ADMIN,
  /** Other instances of this installation, by a token that follows from their common key. */
  INTERNAL;

  static Role of(AccessTokens.Role role) {
    return switch (role) {
      case VIEWER -> VIEWER;
      case OPERATOR -> OPERATOR;
      case ADMIN -> ADMIN;
    };
  }
}
