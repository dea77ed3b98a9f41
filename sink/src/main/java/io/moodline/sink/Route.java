package io.moodline.sink;

import io.javalin.http.Handler;
import io.javalin.http.HandlerType;

/**
 * One way into the server. {@link TimelineApi} opens only what a {@link Resource} declares, so none
 * is without a declared caller.
 *
 * @param path with parameters in braces, as in the API's description
 * @param role who may call it
 */
record Route(HandlerType method, String path, Role role, Handler handler) {

  static Route get(String path, Role role, Handler handler) {
    return new Route(HandlerType.GET, path, role, handler);
  }

  static Route put(String path, Role role, Handler handler) {
    return new Route(HandlerType.PUT, path, role, handler);
  }

  static Route post(String path, Role role, Handler handler) {
    return new Route(HandlerType.POST, path, role, handler);
  }

  static Route delete(String path, Role role, Handler handler) {
    return new Route(HandlerType.DELETE, path, role, handler);
  }
}
