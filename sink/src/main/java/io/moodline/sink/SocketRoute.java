package io.moodline.sink;

import io.javalin.http.Handler;
import io.javalin.websocket.WsConfig;
import java.util.function.Consumer;

/**
 * A route that a caller can ask to become a WebSocket.
 *
 * @param before looks at the request while it can still be answered with a problem
 * @param socket what happens then
 */
record SocketRoute(String path, Role role, Handler before, Consumer<WsConfig> socket) {}
