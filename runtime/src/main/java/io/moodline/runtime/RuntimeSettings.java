package io.moodline.runtime;

import io.moodline.schemas.Topics;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Settings that every process has. Thread-safe. */
public final class RuntimeSettings {
  public static final Setting<String> KAFKA_BOOTSTRAP =
      Setting.text(
          "kafka.bootstrap.servers",
          "",
          "Addresses of a Kafka cluster, host:port, separated by commas. Empty starts the embedded broker.");
  public static final Setting<String> KAFKA_CLIENT_FILE =
      Setting.text(
          "kafka.client.file",
          "",
          "Java properties file with further Kafka client settings for a cluster that asks for TLS or credentials:"
              + " security.protocol, sasl.mechanism, sasl.jaas.config, ssl.truststore.location and the like.");
  public static final Setting<String> TOPIC_PREFIX =
      new Setting<>(
          "topics.prefix",
          "First word of every topic's name.",
          "moodline",
          text -> new Topics(text).prefix());
  public static final Setting<Integer> TOPIC_PARTITIONS =
      Setting.integer(
          "topics.partitions",
          4,
          1,
          1000,
          "Partitions of every topic, fixed for life once the topics exist. 24 is a good number on a cluster.");
  public static final Setting<Integer> TOPIC_REPLICATION =
      Setting.integer(
          "topics.replication", 1, 1, 9, "Copies of every topic on a cluster; 1 when embedded.");
  public static final Setting<String> INSTANCE_ID =
      Setting.text(
          "instance.id",
          "",
          "Id of this process among its like. Empty means local beside the embedded broker, else a random one; two"
              + " processes with one id fence each other off.");
  public static final Setting<Integer> BROKER_PORT =
      Setting.integer(
          "broker.port",
          7471,
          0,
          65535,
          "Port of the embedded broker on 127.0.0.1; 0 takes a free one.");

  public static final Setting<Integer> STATUS_PORT =
      Setting.integer(
          "status.port",
          7472,
          0,
          65535,
          "Port for health and metrics of a process without the HTTP API; 0 takes a free one.");
  public static final Setting<String> STATUS_HOST =
      Setting.text(
          "status.host",
          "127.0.0.1",
          "Address that health and metrics listen on. They hold stream counts and states, no faces, names or addresses;"
              + " in a container, 0.0.0.0 lets probes and Prometheus reach them.");
  public static final Setting<String> DATA_FOLDER =
      Setting.text(
          "data.folder",
          "",
          "Folder of the embedded broker and the state stores. Empty means data in MOODLINE_HOME.");
  public static final Setting<String> SECRET_KEY_FILE =
      Setting.text(
          "secret.key.file",
          "",
          "File of the 32-byte key that seals cameras' credentials and the keys of streams, the same for all"
              + " processes of a cluster. Empty means secret.key in MOODLINE_HOME; made when missing. Without it"
              + " nobody can read the frames and faces that are kept.");
  public static final Setting<Boolean> SECRET_KEY_LOST =
      Setting.flag(
          "secret.key.lost",
          false,
          "Gives up at the start what was sealed with a key file that is lost for good: the keys of streams, and with"
              + " them the frames and faces that are kept. Cameras' credentials and webhooks' secrets have to be given again.");
  public static final Setting<String> MEDIA_FOLDER =
      Setting.text(
          "media.folder",
          "",
          "The only folder whose files the service reads as recordings. Empty means media in MOODLINE_HOME.");

  public static final Setting<String> SCHEMA_REGISTRY =
      Setting.text(
          "schema.registry.url",
          "",
          "Address of a schema registry that speaks Confluent's protocol. With one, records are written in its wire"
              + " format, each schema under its full name; without one, in Avro's single-object encoding.");
  public static final Setting<String> SCHEMA_REGISTRY_CREDENTIALS =
      Setting.text(
          "schema.registry.credentials",
          "",
          "user:password for that registry, if it asks for them.");

  public static final List<Setting<?>> ALL =
      List.of(
          KAFKA_BOOTSTRAP,
          KAFKA_CLIENT_FILE,
          TOPIC_PREFIX,
          TOPIC_PARTITIONS,
          TOPIC_REPLICATION,
          INSTANCE_ID,
          BROKER_PORT,
          STATUS_PORT,
          STATUS_HOST,
          DATA_FOLDER,
          SECRET_KEY_FILE,
          SECRET_KEY_LOST,
          MEDIA_FOLDER,
          SCHEMA_REGISTRY,
          SCHEMA_REGISTRY_CREDENTIALS);

  private RuntimeSettings() {}

  /** The folder of the embedded broker and the state stores. */
  public static Path dataFolder(Settings settings) {
    String text = settings.get(DATA_FOLDER);
    return text.isEmpty() ? settings.home().resolve("data") : Path.of(text);
  }

  /** The file of the key that seals credentials. */
  public static Path secretKeyFile(Settings settings) {
    String text = settings.get(SECRET_KEY_FILE);
    return text.isEmpty() ? settings.home().resolve("secret.key") : Path.of(text);
  }

  /**
   * What {@code kafka.client.file} holds; empty without one.
   *
   * @throws UserException when the file can not be read
   */
  public static Map<String, String> kafkaSecurity(Settings settings) {
    String file = settings.get(KAFKA_CLIENT_FILE);
    if (file.isEmpty()) {
      return Map.of();
    }
    if (!Files.isReadable(Path.of(file))) {
      throw new UserException("kafka.client.file " + file + " is not a readable file");
    }
    return Settings.readFile(Path.of(file));
  }
}
