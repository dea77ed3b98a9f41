package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 900, unit = TimeUnit.SECONDS)
class BenchmarkCommandTest {
  @TempDir Path home;

  @Test
  void printsRatiosOfOneRunAsJson() throws Exception {
    Files.writeString(
        home.resolve("moodline.properties"),
        """
        kafka.bootstrap.servers=127.0.0.1:1
        http.host=0.0.0.0
        http.tokens.always=true
        """);
    Cli.Result said =
        new Cli(home)
            .run(
                "benchmark",
                "--seconds=6",
                "--fps=5",
                "--streams=2",
                "--faces-per-frame=2",
                "--cameras=2",
                "--faces=64");

    assertThat(said.code()).as(said.err()).isZero();
    JsonNode result = ApiClient.JSON.readTree(said.out());
    for (String what : List.of("decode", "decodeAndPublish")) {
      assertThat(result.at("/" + what + "/ratio").asDouble()).as(what).isPositive();
      assertThat(result.at("/" + what + "/decoderProcessorSeconds").asDouble())
          .as(what)
          .isPositive();
    }
    assertThat(result.at("/classification/facesPerSecondByBatch")).isNotEmpty();
    for (String share : List.of("pipeline", "classify", "classifyProcessor")) {
      assertThat(result.at("/classification/share/" + share).asDouble()).as(share).isPositive();
    }
    JsonNode pipeline = result.path("pipeline");
    assertThat(pipeline.path("frames").asLong()).isEqualTo(2 * 30);
    assertThat(pipeline.path("faces").asLong()).isEqualTo(2 * 30 * 2);
    double scored = pipeline.path("batches").asDouble() * pipeline.path("facesPerBatch").asDouble();
    assertThat(scored).as("faces scored").isCloseTo(2 * 30 * 2, within(1e-6));
    assertThat(pipeline.path("stages")).hasSize(5);
    for (JsonNode stage : pipeline.path("stages")) {
      assertThat(stage.path("millisPerFace").asDouble()).isPositive();
      assertThat(stage.path("processorMillisPerFace").asDouble()).isPositive();
    }
    JsonNode cameras = result.at("/cameras/0");
    assertThat(cameras.path("cameras").asInt()).isEqualTo(2);
    assertThat(cameras.path("framesPerSecond").asDouble()).isPositive();
    assertThat(cameras.path("decoderProcessorMillisPerFrame").asDouble()).isPositive();
    assertThat(result.at("/memory/faces").asLong()).isEqualTo(64);
  }
}
