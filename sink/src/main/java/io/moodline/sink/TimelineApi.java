package io.moodline.sink;

import io.javalin.Javalin;
import io.javalin.compression.CompressionStrategy;
import io.javalin.compression.Gzip;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.util.JavalinBindException;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.UserException;
import io.moodline.schemas.SchemaUnavailableException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.streams.state.HostInfo;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP API, events and the page.
 *
 * <p>In comes a request; it passes {@link RequestGuard}, then the one route of the {@link
 * Resource}s that fits, and out goes JSON, CSV, WebVTT, events or a file of the page; what is
 * refused or fails leaves as a {@link Problem}, never as a stack trace. The routes read the stream
 * registry, the timeline stores and topics; only streams and uploads are written.
 *
 * <p>Threads: {@code http-*} answer requests, at most {@value #MAX_THREADS}, of which {@value
 * #MAX_ANSWERING} may be held by slow clients, see {@link ThreadReserve}; readers of events hold
 * none, see {@link EventRoutes}. Nothing is queued here: a slow reader of events is cut, and the
 * log keeps what it has not read. Thread-safe.
 */
final class TimelineApi implements AutoCloseable {
  private static final int MAX_THREADS = 64;

  /** Leaves enough for what accepts connections and for health. */
  private static final int MAX_ANSWERING = 44;

  /** How long a request waits for one of them. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** While others wait, who takes less than a block of some 64 KB in this time is cut. */
  private static final Duration SLOW_READER = Duration.ofSeconds(10);

  /** A timeline takes a third of the usual level's time, and a fifth more bytes. */
  private static final int GZIP_LEVEL = 2;

  private static final Logger log = LoggerFactory.getLogger(TimelineApi.class);

  private final Settings settings;
  private final Access access;
  private final RequestGuard guard;
  private final RequestRate rate;
  private final UnreadBody unread = new UnreadBody();
  private final ApiMetrics metrics;
  private final List<Route> routes;
  private final List<SocketRoute> sockets;
  private final Javalin server;

  private TimelineApi(StageContext stage, ApiMetrics metrics, List<Resource> resources) {
    this.settings = stage.settings();
    this.access = new Access(stage);
    this.guard = new RequestGuard(Access.isLoopback(stage.settings()));
    this.rate = new RequestRate(stage.settings().get(SinkSettings.REQUEST_RATE), System::nanoTime);
    this.metrics = metrics;
    this.routes = resources.stream().flatMap(it -> it.routes().stream()).toList();
    this.sockets = resources.stream().flatMap(it -> it.sockets().stream()).toList();
    this.server = Javalin.create(this::configure);
  }

  /**
   * Starts the server and returns when it answers.
   *
   * @throws UserException when the address needs tokens and there is none, or the port is busy
   */
  static TimelineApi start(StageContext stage, ApiMetrics metrics, List<Resource> resources) {
    String host = host(stage.settings());
    int port = stage.settings().get(SinkSettings.PORT);
    TimelineApi api = new TimelineApi(stage, metrics, resources);
    try {
      api.server.start(host, port);
    } catch (JavalinBindException e) {
      api.close();
      throw busy(host, port, e);
    }
    log.atInfo().addKeyValue("port", api.port()).log("http server started");
    return api;
  }

  /**
   * Looks whether the server could start now, so that a busy port is told before anything else is
   * started.
   *
   * @throws UserException as {@link #start}
   */
  static void checkAddress(Settings settings) {
    String host = host(settings);
    int port = settings.get(SinkSettings.PORT);
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(host, port));
    } catch (IOException e) {
      throw busy(host, port, e);
    }
  }

  private static String host(Settings settings) {
    Access.checkTokens(settings);
    return settings.get(SinkSettings.HOST);
  }

  private static UserException busy(String host, int port, Exception cause) {
    return new UserException(
        "port "
            + port
            + " on "
            + host
            + " is busy: stop what uses it, or give --set http.port=0 to take a free one",
        cause);
  }

  private void configure(JavalinConfig config) {
    config.startup.showJavalinBanner = false;
    config.startup.showOldJavalinVersionWarning = false;
    config.startup.startupWatcherEnabled = false;
    config.http.prefer405over404 = true;
    config.http.generateEtags = false;
    config.http.compressionStrategy = new CompressionStrategy(null, new Gzip(GZIP_LEVEL));
    config.jetty.threadPool = threads();
    config.jetty.modifyServer(TimelineApi::configureServer);
    config.jetty.modifyHttpConfiguration(
        http -> {
          http.setSendServerVersion(false);
          http.setRequestHeaderSize(16 * 1024);
        });
    config.routes.before(guard::check);
    routes.forEach(
        route ->
            config.routes.addHttpHandler(
                route.method(), route.path(), ctx -> answer(route, ctx), route.role()));
    config.routes.wsBeforeUpgrade(guard::checkSocket);
    sockets.forEach(
        socket -> {
          config.routes.wsBeforeUpgrade(
              socket.path(),
              ctx -> {
                check(socket.role(), ctx);
                socket.before().handle(ctx);
              });
          config.routes.ws(socket.path(), socket.socket(), socket.role());
        });
    config.routes.exception(Problem.class, Problem::write);
    config.routes.exception(
        NotReadyException.class,
        (e, ctx) -> Problem.unavailable(String.valueOf(e.getMessage())).write(ctx));
    config.routes.exception(
        SchemaUnavailableException.class, (e, ctx) -> Problem.unavailable(e).write(ctx));
    config.routes.exception(HttpResponseException.class, TimelineApi::refuse);
    config.routes.exception(Exception.class, TimelineApi::fail);
  }

  private static QueuedThreadPool threads() {
    QueuedThreadPool threads = new QueuedThreadPool(MAX_THREADS, 4);
    threads.setName("http");
    threads.setDaemon(true);
    return threads;
  }

  private static void configureServer(Server server) {
    server.setErrorHandler(new ProblemPage());
    server.setHandler(
        new ThreadReserve(MAX_ANSWERING, PATIENCE, SLOW_READER)); // before all that Javalin adds
    server.setStopTimeout(2000);
  }

  private void check(Role role, Context ctx) {
    if (role != Role.INTERNAL) {
      rate.count(ctx.req().getRemoteAddr());
    }
    access.check(role, ctx);
  }

  private void answer(Route route, Context ctx) {
    long start = System.nanoTime();
    try {
      check(route.role(), ctx);
      route.handler().handle(ctx);
    } catch (Problem problem) {
      problem.write(ctx);
    } catch (NotReadyException e) {
      Problem.unavailable(String.valueOf(e.getMessage())).write(ctx);
    } catch (SchemaUnavailableException e) {
      Problem.unavailable(e).write(ctx);
    } catch (HttpResponseException e) {
      refuse(e, ctx);
    } catch (Exception e) {
      fail(e, ctx);
    }
    if (ctx.statusCode() >= 400) {
      unread.discard(ctx.req());
    }
    String method = route.method().toString();
    metrics.requests.labelValues(method, route.path(), Integer.toString(ctx.statusCode())).inc();
    metrics.seconds.labelValues(method, route.path()).observe((System.nanoTime() - start) / 1e9);
  }

  /** What Javalin itself refuses: no such route, another method. */
  private static void refuse(HttpResponseException e, Context ctx) {
    String path = ctx.path();
    if (e.getStatus() == 404 && path.startsWith("/api/v1/streams/")) {
      Problem.malformed("a stream id holds no slash, and there is nothing else at this address")
          .write(ctx);
      return;
    }
    String detail =
        switch (e.getStatus()) {
          case 404 -> "there is nothing at this address";
          case 405 -> "this address does not know the method " + ctx.method();
          default -> "the request was refused";
        };
    Problem.of(e.getStatus(), detail).write(ctx);
  }

  /** A bug shown by one request costs that request only; it is logged in full. */
  private static void fail(Exception e, Context ctx) {
    log.atError()
        .addKeyValue("method", ctx.method())
        .addKeyValue("route", ctx.endpoint().path)
        .setCause(e)
        .log("request failed");
    Problem.of(500, "the server failed at this request; its log says why").write(ctx);
  }

  int port() {
    return server.port();
  }

  /** Where other instances reach this server. */
  HostInfo address() {
    String given = settings.get(SinkSettings.ADVERTISED);
    if (given.matches(".*[^:]:[0-9]{1,5}")) {
      int colon = given.lastIndexOf(':');
      return new HostInfo(given.substring(0, colon), Integer.parseInt(given.substring(colon + 1)));
    }
    return new HostInfo(given.isEmpty() ? ownName() : given, port());
  }

  private String ownName() {
    String host = settings.get(SinkSettings.HOST);
    try {
      return InetAddress.getByName(host).isAnyLocalAddress()
          ? InetAddress.getLocalHost().getHostName()
          : host;
    } catch (UnknownHostException e) {
      throw new UserException(
          "this machine does not know its own name: set http.advertised to where others reach it",
          e);
    }
  }

  List<Route> routes() {
    return routes;
  }

  List<SocketRoute> sockets() {
    return sockets;
  }

  Javalin server() {
    return server;
  }

  @Override
  public void close() {
    server.stop();
  }
}
