package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FoundTemplateTest {
  @TempDir Path bundles;

  /** Faces whose nose stands now left, now right of the middle. */
  private static FoundTemplate found(int faces) {
    FoundTemplate found = new FoundTemplate();
    for (int i = 0; i < faces; i++) {
      float nose = i % 2 == 0 ? 40 : 60;
      found.add(new float[] {30, 80, 70, 80, nose, 110, 35, 150, 65, 150}, 100, 200);
    }
    return found;
  }

  @Test
  void isTheMeanInSharesOfThePicture() {
    FoundTemplate found = found(20);
    assertThat(found.points())
        .containsExactly(0.3, 0.4, 0.7, 0.4, 0.5, 0.55, 0.35, 0.75, 0.65, 0.75);
    assertThat(found.text()).contains("| nose | 0.5000 | 0.5500 | 0.100 | 0.000 |");
  }

  @Test
  void isStoredWithWhatItWasFoundOn() {
    Bundle shipped = Bundle.builtIn("lite-ferplus");
    BundleWriter.install(bundles, shipped.contents().named("mine"), shipped.model());
    FoundTemplate found = found(20);
    found.addUnseen();
    found.store(bundles, "mine", "faces");
    found.store(bundles, "mine", "faces of the fall");

    Bundle stored = Bundle.load(bundles.resolve("mine"));
    assertThat(stored.crop())
        .isEqualTo(
            new CropTemplate(
                "five-point",
                Map.of("yunet", 0.97, "opencv-cascade", 1.03),
                found.points(),
                "faces of the fall: 20 of 21 pictures"));
    assertThat(stored.model()).isEqualTo(shipped.model());
    assertThat(stored.digest()).isNotEqualTo(shipped.digest());
    assertThat(stored.modelCard()).containsOnlyOnce("## Crop").contains("faces of the fall");
  }

  @Test
  void needsMoreThanAFewFaces() {
    assertThatThrownBy(() -> found(19).points())
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("19 of 19 pictures");
    assertThatThrownBy(() -> new FoundTemplate().add(new float[4], 10, 10))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(List.of(new FoundTemplate().faces())).containsExactly(0);
  }
}
