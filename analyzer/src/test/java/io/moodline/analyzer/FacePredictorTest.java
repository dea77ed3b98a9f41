package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.runtime.Settings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FacePredictorTest {
  @TempDir Path home;

  @Test
  void findsTheAstronautsFaceAndSaysHappiness() {
    try (FacePredictor predictor = FacePredictor.open(home, settings(Map.of()))) {
      List<PredictedFace> faces = predictor.predict(TestPictures.astronautPng(), "astronaut.png");
      System.out.println(faces);
      assertThat(faces).hasSize(1);
    }
  }

  private Settings settings(Map<String, String> set) {
    return Settings.load(home, AnalyzerSettings.ALL, Map.of(), set);
  }
}
