package io.moodline.runtime;

import io.moodline.schemas.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the settings of topics that exist against the catalogue. What nobody has set for the topic
 * itself is set, and on a broker of our own whatever differs. What somebody else has set is left as
 * it is and said, unless records would be lost or refused: then it is refused. Confined to the
 * thread that starts the process.
 */
final class TopicSettings {
  private static final String POLICY = "cleanup.policy";
  private static final String MAX_BYTES = "max.message.bytes";

  private static final Logger log = LoggerFactory.getLogger(TopicSettings.class);

  private final Admin admin;
  private final boolean own;

  /** One setting of one topic that is not as the catalogue has it. */
  private record Difference(String topic, String key, String is, String wanted) {
    /** Whether records would go that must stay, or could not be written. */
    boolean breaks() {
      return switch (key) {
        case POLICY -> !words(wanted).containsAll(words(is));
        case MAX_BYTES -> Long.parseLong(is) < Long.parseLong(wanted);
        default -> false;
      };
    }

    UserException refusal(String why) {
      return new UserException(
          String.format(
              "topic %s has %s=%s, with which records are lost or refused%s: set it to %s"
                  + " (kafka-configs.sh --alter --topic %s --add-config %s=[%s])",
              topic, key, is, why, wanted, topic, key, wanted));
    }
  }

  /**
   * Prepares to look.
   *
   * @param own whether the broker is this process's own, so that nobody else sets anything
   */
  TopicSettings(Admin admin, boolean own) {
    this.admin = admin;
    this.own = own;
  }

  /**
   * Looks at all topics and changes what may be changed.
   *
   * @throws UserException when a topic would lose or refuse records
   */
  void settle(List<Topics.Topic> topics) throws InterruptedException {
    Map<ConfigResource, Config> found = describe(topics.stream().map(it -> of(it.name())).toList());
    for (Topics.Topic topic : topics) {
      Config config = found.get(of(topic.name()));
      if (config != null) {
        settle(topic, config);
      }
    }
  }

  private void settle(Topics.Topic topic, Config config) throws InterruptedException {
    List<Difference> toSet = new ArrayList<>();
    for (Map.Entry<String, String> wanted : topic.config().entrySet()) {
      ConfigEntry is = config.get(wanted.getKey());
      if (is == null || words(is.value()).equals(words(wanted.getValue()))) {
        continue;
      }
      Difference difference =
          new Difference(topic.name(), wanted.getKey(), is.value(), wanted.getValue());
      if (own || is.source() != ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG) {
        toSet.add(difference);
      } else if (difference.breaks()) {
        throw difference.refusal("");
      } else if (!isLarger(difference)) {
        log.atWarn()
            .addKeyValue("topic", topic.name())
            .addKeyValue("setting", difference.key())
            .addKeyValue("is", difference.is())
            .addKeyValue("usually", difference.wanted())
            .log("topic has a setting of its own, which is left as it is");
      }
    }
    if (!toSet.isEmpty()) {
      set(topic.name(), toSet);
    }
  }

  private static boolean isLarger(Difference difference) {
    return difference.key().equals(MAX_BYTES); // a smaller one was refused
  }

  private void set(String topic, List<Difference> differences) throws InterruptedException {
    List<AlterConfigOp> edits =
        differences.stream().map(it -> TopicSetup.set(it.key(), it.wanted())).toList();
    try {
      admin.incrementalAlterConfigs(Map.of(of(topic), edits)).all().get();
      log.atInfo().addKeyValue("topic", topic).addKeyValue("set", differences).log("topic settled");
    } catch (ExecutionException e) {
      for (Difference difference : differences) {
        if (difference.breaks()) {
          throw difference.refusal(", and Kafka does not let Moodline set it");
        }
      }
      log.atWarn()
          .addKeyValue("topic", topic)
          .addKeyValue("differences", differences)
          .addKeyValue("cause", String.valueOf(e.getCause()))
          .log("topic's settings could not be set");
    }
  }

  private Map<ConfigResource, Config> describe(List<ConfigResource> topics)
      throws InterruptedException {
    try {
      return TopicSetup.whenKnown(() -> admin.describeConfigs(topics).all());
    } catch (ExecutionException e) {
      // A cluster may forbid to look; nothing is known to be wrong then.
      log.atWarn()
          .addKeyValue("cause", String.valueOf(e.getCause()))
          .log("the topics' settings can not be looked at");
      return Map.of();
    }
  }

  private static ConfigResource of(String topic) {
    return new ConfigResource(ConfigResource.Type.TOPIC, topic);
  }

  private static Set<String> words(String value) {
    return Set.copyOf(List.of(value.strip().split("\\s*,\\s*")));
  }
}
