package io.moodline.sink;

import io.moodline.runtime.Settings;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.FaceEmotion;
import io.moodline.schemas.v1.FrameFaces;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TopologyTestDriver;

/** What the topology makes of runs that come one after another and that nothing interrupts. */
final class Uninterrupted {
  private Uninterrupted() {}

  static List<FaceEmotion> events(Topics topics, Settings settings, List<List<FrameFaces>> runs) {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, "uninterrupted");
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
    config.put(StreamsConfig.STATE_DIR_CONFIG, settings.home().resolve("uninterrupted").toString());
    try (TopologyTestDriver driver =
        new TopologyTestDriver(
            EmotionTimelines.topology(
                topics,
                WindowRules.of(settings),
                TrackRules.of(settings),
                FakeFrames.NO_KEYS,
                new TimelineMetrics(new PrometheusRegistry())),
            config)) {
      var faces =
          driver.createInputTopic(
              topics.faces(), new ByteArraySerializer(), new ByteArraySerializer());
      for (List<FrameFaces> run : runs) {
        for (FrameFaces frame : run) {
          faces.pipeInput(
              frame.getStreamId().getBytes(StandardCharsets.UTF_8),
              Serdes.FRAME_FACES.encode(frame));
        }
      }
      return driver
          .createOutputTopic(
              topics.emotions(), new ByteArrayDeserializer(), Serdes.FACE_EMOTION.deserializer())
          .readValuesToList();
    }
  }
}
