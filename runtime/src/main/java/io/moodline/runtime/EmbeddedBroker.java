package io.moodline.runtime;

import io.moodline.schemas.Topics;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/**
 * A Kafka broker and controller (KRaft) inside this process, on 127.0.0.1, with its data in a
 * folder of its own.
 *
 * <p>The only class that knows the broker's own classes, none of which is a supported API: an
 * upgrade of Kafka is an edit of this file. It survives kill -9 of the process; a power cut is not
 * survived, since a single Kafka node relies on the operating system's page cache. Thread-safe.
 */
public final class EmbeddedBroker implements AutoCloseable {
  private static final int NODE_ID = 1;

  private final KafkaRaftServer server;
  private final FileLock lock;
  private final int port;
  private boolean closed;

  private EmbeddedBroker(KafkaRaftServer server, FileLock lock, int port) {
    this.server = server;
    this.lock = lock;
    this.port = port;
  }

  /**
   * Starts the broker and returns when it accepts clients.
   *
   * @param dataFolder made if it does not exist; kept between starts
   * @param port port on 127.0.0.1; 0 takes a free one
   * @throws UserException when the folder can not be written, is in use by another process, or the
   *     port is busy
   */
  public static EmbeddedBroker start(Path dataFolder, int port) {
    FileLock lock = lock(dataFolder);
    try {
      int brokerPort = port == 0 ? freePort() : checkFree(port);
      int controllerPort = freePort();
      Path log = dataFolder.resolve("kafka");
      format(log);
      KafkaRaftServer server =
          new KafkaRaftServer(
              new KafkaConfig(config(log, brokerPort, controllerPort), false), Time.SYSTEM);
      server.startup();
      return new EmbeddedBroker(server, lock, brokerPort);
    } catch (RuntimeException e) {
      release(lock);
      throw e;
    }
  }

  /** {@code host:port} for clients. */
  public String bootstrapServers() {
    return "127.0.0.1:" + port;
  }

  /** Shuts the broker down cleanly. A second call does nothing. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    server.shutdown();
    server.awaitShutdown();
    release(lock);
  }

  private static Map<String, String> config(Path log, int brokerPort, int controllerPort) {
    Map<String, String> config = new TreeMap<>();
    config.put("node.id", Integer.toString(NODE_ID));
    config.put("process.roles", "broker,controller");
    config.put(
        "listeners",
        "PLAINTEXT://127.0.0.1:" + brokerPort + ",CONTROLLER://127.0.0.1:" + controllerPort);
    config.put("advertised.listeners", "PLAINTEXT://127.0.0.1:" + brokerPort);
    config.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    config.put("controller.listener.names", "CONTROLLER");
    config.put("controller.quorum.voters", NODE_ID + "@127.0.0.1:" + controllerPort);
    config.put("log.dirs", log.toString());
    config.put("message.max.bytes", Integer.toString(Topics.MAX_RECORD_BYTES));
    config.put("replica.fetch.max.bytes", Integer.toString(Topics.MAX_RECORD_BYTES));
    config.put("auto.create.topics.enable", "false");
    config.put("default.replication.factor", "1");
    config.put("offsets.topic.replication.factor", "1");
    config.put("offsets.topic.num.partitions", "4");
    config.put("transaction.state.log.replication.factor", "1");
    config.put("transaction.state.log.min.isr", "1");
    config.put("transaction.state.log.num.partitions", "4");
    config.put("share.coordinator.state.topic.replication.factor", "1");
    config.put("share.coordinator.state.topic.min.isr", "1");
    config.put("share.coordinator.state.topic.num.partitions", "1");
    config.put("group.initial.rebalance.delay.ms", "0");
    config.put("group.consumer.min.session.timeout.ms", "3000");
    config.put("group.consumer.min.heartbeat.interval.ms", "500");
    // After kill -9 the old registration of this very broker must end before the new one is let in.
    config.put("broker.session.timeout.ms", "3000");
    config.put("broker.heartbeat.interval.ms", "500");
    config.put("transaction.partition.verification.enable", "true");
    config.put("num.network.threads", "2");
    config.put("num.io.threads", "4");
    config.put("background.threads", "2");
    config.put("log.cleaner.threads", "1");
    config.put("log.cleaner.dedupe.buffer.size", Integer.toString(16 * 1024 * 1024));
    config.put("log.retention.check.interval.ms", "30000");
    config.put("log.segment.delete.delay.ms", "5000");
    config.put("socket.request.max.bytes", Integer.toString(2 * Topics.MAX_RECORD_BYTES));
    return config;
  }

  private static void format(Path log) {
    if (Files.exists(log.resolve("meta.properties"))) {
      return;
    }
    var quiet = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    try {
      new Formatter()
          .setPrintStream(quiet)
          .setNodeId(NODE_ID)
          .setClusterId(Uuid.randomUuid().toString())
          .setDirectories(java.util.List.of(log.toString()))
          .setMetadataLogDirectory(log.toString())
          .setControllerListenerName("CONTROLLER")
          .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
          .setIgnoreFormatted(true)
          .run();
    } catch (Exception e) { // Formatter.run declares Exception
      throw new UserException(
          "broker folder " + log + " can not be prepared: " + e.getMessage(), e);
    }
  }

  @SuppressWarnings("resource") // the lock owns the channel and release() closes it
  private static FileLock lock(Path folder) {
    try {
      Files.createDirectories(folder);
      FileChannel channel =
          FileChannel.open(
              folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock;
      try {
        lock = channel.tryLock();
      } catch (OverlappingFileLockException e) {
        lock = null;
      }
      if (lock == null) {
        channel.close();
        throw new UserException(
            "folder "
                + folder
                + " is in use by another Moodline: stop it, or set MOODLINE_HOME to another folder");
      }
      return lock;
    } catch (IOException e) {
      throw new UserException(
          "folder "
              + folder
              + " can not be written ("
              + e.getMessage()
              + "): set MOODLINE_HOME to one that can",
          e);
    }
  }

  private static void release(FileLock lock) {
    try {
      lock.channel().close();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static int checkFree(int port) {
    try (ServerSocket socket = bind(port)) {
      return socket.getLocalPort();
    } catch (BindException e) {
      throw new UserException(
          "port "
              + port
              + " on 127.0.0.1 is busy: stop what uses it, or give --set broker.port=0 to take a free one",
          e);
    } catch (IOException e) {
      throw new UserException("port " + port + " can not be used: " + e.getMessage(), e);
    }
  }

  private static int freePort() {
    try (ServerSocket socket = bind(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UserException("no free port on 127.0.0.1: " + e.getMessage(), e);
    }
  }

  private static ServerSocket bind(int port) throws IOException {
    var socket = new ServerSocket();
    try {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }
}
