package io.moodline.deploy;

import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import io.moodline.sink.SinkSettings;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code moodline serve}: the stages of this process, until it is stopped. */
@Command(
    name = "serve",
    description = "Start everything on this machine, or chosen stages on a Kafka cluster.")
final class ServeCommand implements Callable<Integer> {
  @Mixin SettingsOptions options = new SettingsOptions();

  @Option(
      names = "--stages",
      split = ",",
      paramLabel = "STAGE",
      description =
          "Which stages this process runs: ingest, analyzer, sink. All by default; fewer need"
              + " kafka.bootstrap.servers.")
  List<Node.Role> stages = List.of(Node.Role.values());

  @Option(
      names = "--listen",
      paramLabel = "ADDRESS",
      description =
          "Address of the HTTP server, HOST or HOST:PORT. Any that other machines reach needs access"
              + " tokens, see moodline token.")
  String listen = "";

  /** What {@code --listen} sets. */
  private Map<String, String> listen() {
    if (listen.isEmpty()) {
      return Map.of();
    }
    boolean bareAddress = listen.indexOf(':') != listen.lastIndexOf(':') && !listen.contains("]");
    int colon = bareAddress ? -1 : listen.lastIndexOf(':');
    boolean hasPort = colon > listen.indexOf(']');
    String host = (hasPort ? listen.substring(0, colon) : listen).replaceAll("[\\[\\]]", "");
    return hasPort
        ? Map.of(SinkSettings.hostKey(), host, SinkSettings.portKey(), listen.substring(colon + 1))
        : Map.of(SinkSettings.hostKey(), host);
  }

  @Override
  public Integer call() throws InterruptedException {
    Set<Node.Role> roles = EnumSet.copyOf(stages);
    Settings settings = options.load(listen());
    if (roles.size() < Node.Role.values().length
        && settings.get(RuntimeSettings.KAFKA_BOOTSTRAP).isEmpty()) {
      throw new UserException(
          "--stages with fewer than all needs a Kafka cluster, through which stages meet: set"
              + " kafka.bootstrap.servers");
    }
    ProgressLine progress = ProgressLine.onStandardError();
    try (RunningNode running = RunningNode.serve(settings, roles, progress)) {
      if (roles.contains(Node.Role.SINK)) {
        System.out.println("Dashboard: " + running.node().address() + "/   (stop with Ctrl-C)");
      } else {
        System.out.println("Ready.");
      }
      running.awaitSignal();
      return 0;
    }
  }
}
