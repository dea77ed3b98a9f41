package io.moodline.sink;

import java.util.List;

/** The ways into the server that belong together. Thread-safe. */
interface Resource {
  /** Each with who may use it. */
  List<Route> routes();

  /** Those of them that can be asked to become a WebSocket. */
  default List<SocketRoute> sockets() {
    return List.of();
  }
}
