package io.moodline.runtime;

import io.moodline.schemas.Topics;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the topics and group settings that Moodline needs, or checks those that exist. Thread-safe.
 */
public final class TopicSetup {
  /** A member that is silent for so long is replaced; Kafka's default is 45 s. */
  private static final String GROUP_SESSION_TIMEOUT_MILLIS = "5000";

  private static final String GROUP_HEARTBEAT_MILLIS = "1000";

  private static final Duration CLUSTER_PATIENCE = Duration.ofSeconds(10);
  private static final Duration DESCRIBE_PATIENCE = Duration.ofSeconds(30);

  private static final Logger log = LoggerFactory.getLogger(TopicSetup.class);

  private TopicSetup() {}

  /**
   * Creates what is missing.
   *
   * @param groups consumer groups of the new protocol whose session timeout must be short
   *     <p>Waits for a cluster that does not answer, and says so in the log.
   * @throws UserException when a topic exists with another number of partitions or with settings
   *     that lose records, when Kafka refuses a topic, or its clients refuse their settings
   */
  public static void apply(KafkaConnection kafka, int replication, Collection<String> groups)
      throws InterruptedException {
    apply(kafka, replication, groups, false);
  }

  /** The same on a broker of this process, whose topics have the catalogue's settings. */
  public static void applyOwn(KafkaConnection kafka, Collection<String> groups)
      throws InterruptedException {
    apply(kafka, 1, groups, true);
  }

  private static void apply(
      KafkaConnection kafka, int replication, Collection<String> groups, boolean own)
      throws InterruptedException {
    try (Admin admin = open(kafka)) {
      awaitCluster(admin, kafka.bootstrapServers());
      List<Topics.Topic> topics = kafka.topics().all();
      createMissing(admin, topics, kafka.partitions(), replication);
      checkPartitions(admin, topics, kafka.partitions());
      new TopicSettings(admin, own).settle(topics);
      shortenSessions(admin, groups);
    }
  }

  private static Admin open(KafkaConnection kafka) {
    try {
      return kafka.admin("moodline-setup");
    } catch (KafkaException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new UserException(
          "Kafka's clients refuse their settings (kafka.bootstrap.servers, kafka.client.file): "
              + cause.getMessage(),
          e);
    }
  }

  private static void awaitCluster(Admin admin, String servers) throws InterruptedException {
    var patience = new DescribeClusterOptions().timeoutMs((int) CLUSTER_PATIENCE.toMillis());
    while (true) {
      try {
        admin.describeCluster(patience).clusterId().get();
        return;
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof RetriableException)) {
          throw new UserException(
              "Kafka at " + servers + " refuses Moodline: " + e.getMessage(), e);
        }
        log.atWarn()
            .addKeyValue("servers", servers)
            .addKeyValue("cause", String.valueOf(e.getCause()))
            .log("Kafka does not answer; trying again");
      }
    }
  }

  private static void createMissing(
      Admin admin, List<Topics.Topic> topics, int partitions, int replication)
      throws InterruptedException {
    Set<String> there = names(admin);
    List<NewTopic> wanted =
        topics.stream()
            .filter(topic -> !there.contains(topic.name())) // who may not make topics may use them
            .map(
                topic ->
                    new NewTopic(
                            topic.name(), Optional.of(partitions), Optional.of((short) replication))
                        .configs(topic.config()))
            .toList();
    for (var result : admin.createTopics(wanted).values().entrySet()) {
      try {
        result.getValue().get();
        log.atInfo().addKeyValue("topic", result.getKey()).log("topic created");
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof TopicExistsException)) {
          throw new UserException(
              String.format(
                  "topic %s can not be made with topics.partitions=%d and topics.replication=%d: %s",
                  result.getKey(), partitions, replication, reason(e)),
              e);
        }
      }
    }
  }

  private static Set<String> names(Admin admin) throws InterruptedException {
    try {
      return admin.listTopics().names().get();
    } catch (ExecutionException e) {
      throw new UserException("the topics can not be listed: " + reason(e), e);
    }
  }

  private static void checkPartitions(Admin admin, List<Topics.Topic> topics, int partitions)
      throws InterruptedException {
    for (TopicDescription topic : describe(admin, topics).values()) {
      if (topic.partitions().size() != partitions) {
        throw new UserException(
            "topic "
                + topic.name()
                + " has "
                + topic.partitions().size()
                + " partitions, but topics.partitions is "
                + partitions
                + ": the number is fixed for life; set topics.partitions to it or choose another topics.prefix");
      }
    }
  }

  private static Map<String, TopicDescription> describe(Admin admin, List<Topics.Topic> topics)
      throws InterruptedException {
    List<String> names = topics.stream().map(Topics.Topic::name).toList();
    try {
      return whenKnown(() -> admin.describeTopics(names).allTopicNames());
    } catch (ExecutionException e) {
      throw new UserException("the topics can not be looked at: " + reason(e), e);
    }
  }

  /** Asks again while a topic that was just made is not known everywhere yet. */
  static <T> T whenKnown(Supplier<KafkaFuture<T>> question)
      throws ExecutionException, InterruptedException {
    long deadline = System.nanoTime() + DESCRIBE_PATIENCE.toNanos();
    while (true) {
      try {
        return question.get().get();
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)
            || System.nanoTime() > deadline) {
          throw e;
        }
        Thread.sleep(100);
      }
    }
  }

  private static void shortenSessions(Admin admin, Collection<String> groups)
      throws InterruptedException {
    for (String group : groups) {
      var resource = new ConfigResource(ConfigResource.Type.GROUP, group);
      try {
        admin
            .incrementalAlterConfigs(
                Map.of(
                    resource,
                    List.of(
                        set("consumer.session.timeout.ms", GROUP_SESSION_TIMEOUT_MILLIS),
                        set("consumer.heartbeat.interval.ms", GROUP_HEARTBEAT_MILLIS))))
            .all()
            .get();
      } catch (ExecutionException e) {
        // A cluster may forbid it; everything still works, only a kill costs 45 s instead of 5.
        log.atWarn()
            .addKeyValue("group", group)
            .addKeyValue("cause", String.valueOf(e.getCause()))
            .log("group session timeout could not be shortened");
      }
    }
  }

  /** Kafka's own words, on one line; they name the limit, the right or the policy. */
  private static String reason(ExecutionException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    String words = String.valueOf(cause.getMessage()).replaceAll("\\s+", " ").strip();
    return cause.getClass().getSimpleName() + ", " + words;
  }

  static AlterConfigOp set(String key, String value) {
    return new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET);
  }
}
