package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 300, unit = TimeUnit.SECONDS)
class BenchmarkCommandTest {
  @TempDir Path home;

  @Test
  void printsRatiosOfOneRunAsJson() throws Exception {
    Cli.Result said =
        new Cli(home).run("benchmark", "--seconds", "6", "--fps", "5", "--faces", "64");

    assertThat(said.code()).as(said.err()).isZero();
    JsonNode result = ApiClient.JSON.readTree(said.out());
    assertThat(result.at("/decodeAndPublish/ratio").asDouble()).isPositive();
    assertThat(result.at("/classification/ratio").asDouble()).isPositive();
    assertThat(result.at("/classification/facesPerSecondByBatch")).hasSize(6);
    assertThat(result.at("/pipeline/frames").asLong()).isEqualTo(30);
    assertThat(result.at("/pipeline/faces").asLong()).isEqualTo(30);
    assertThat(result.at("/pipeline/millisPerFace/classify").asDouble()).isPositive();
    assertThat(result.at("/memory/faces").asLong()).isEqualTo(64);
  }
}
