package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moodline.models.GateReport.Row;
import io.moodline.models.GateSearch.LabelledFace;
import io.moodline.models.GateSearch.Rules;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GateSearchTest {
  private static final Bundle LITE = Bundle.builtIn("lite-ferplus");
  private static final int HAPPINESS = LITE.labels().indexOf("happiness");
  private static final int SADNESS = LITE.labels().indexOf("sadness");

  @TempDir Path bundles;

  /** One smile, said to be sadness where it is turned aside. */
  private static List<LabelledFace> smiles() {
    FacePicture smile = loose(LITE.contents().canaries().get("astronaut.rgb"));
    List<LabelledFace> faces = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      double yaw = i * 0.4;
      faces.add(new LabelledFace(smile, yaw < 48 ? HAPPINESS : SADNESS, yaw));
    }
    return faces;
  }

  /** In a crop half as wide again: a face that fills its crop is known at 8 pixels still. */
  private static FacePicture loose(byte[] face) {
    byte[] small = PictureResize.resize(face, 48, 48, 32, 32);
    byte[] wide = new byte[48 * 48 * 3];
    Arrays.fill(wide, (byte) 128);
    for (int y = 0; y < 32; y++) {
      System.arraycopy(small, y * 32 * 3, wide, ((y + 8) * 48 + 8) * 3, 32 * 3);
    }
    return new FacePicture(48, 48, wide);
  }

  private static GateReport search(List<LabelledFace> faces) {
    try (Classifier classifier = LITE.classifier(1)) {
      return new GateSearch(LITE, classifier, Rules.DEFAULT).run(faces);
    }
  }

  @Test
  void findsLimitsBeyondWhichASmileIsNoLongerSeen() {
    GateReport report = search(smiles());
    Gate gate = report.gate();
    assertThat(gate.mostYaw()).isBetween(40.0, 60.0);
    assertThat(gate.leastPixels()).isBetween(8.0, 30.0);
    assertThat(gate.leastSharpness()).isPositive();
    assertThat(gate.leastInFrame()).isBetween(0.3, 0.9);
    Row clean = report.rows().get(0);
    assertThat(clean.faces()).isEqualTo(100);
    assertThat(clean.accuracy()).isCloseTo(0.6, within(0.011));
    assertThat(clean.labelledAccuracy()).isGreaterThan(0.9);
    assertThat(report.curve().get(0).accuracy()).isEqualTo(clean.accuracy());
    Row smallest =
        report.rows().stream()
            .filter(row -> row.name().equals("8 pixels"))
            .findFirst()
            .orElseThrow();
    assertThat(smallest.coverage()).isZero();
    assertThat(smallest.labelledAccuracy()).isNaN();
    assertThat(search(smiles())).isEqualTo(report);
  }

  @Test
  void storesTheGateInManifestAndCardAndReplacesAnOlderOne() {
    BundleWriter.install(bundles, LITE.contents().named("mine"), LITE.model());
    GateReport report = search(smiles());
    Bundle stored = report.store(bundles, "mine", "two hundred smiles");
    assertThat(stored.gate()).isEqualTo(report.gate());
    assertThat(stored.digest()).isNotEqualTo(LITE.digest());
    assertThat(stored.model()).isEqualTo(LITE.model());
    assertThat(stored.temperature()).isEqualTo(LITE.temperature());
    Bundle again = report.store(bundles, "mine", "the same smiles");
    assertThat(again.modelCard()).containsOnlyOnce("## Gate").contains("the same smiles");
    assertThat(again.modelCard()).contains("less than", "pixels across", "surest share");
    assertThat(again.metrics()).contains("the same smiles").doesNotContain("two hundred");
    Evaluation.Report figures = new Evaluation(LITE.labels()).report();
    Bundle warmer = BundleCalibration.store(bundles, "mine", 2, "x", figures);
    assertThat(warmer.gate()).isEqualTo(report.gate().withoutScore());
  }

  @Test
  void putsItsSectionWhereTheOldOneWas() {
    assertThat(
            GateReport.withSection(
                "# a\n\n## Gate\nold\n\n## Later\nb\n", "## Gate", "## Gate\nnew\n"))
        .isEqualTo("# a\n\n## Gate\nnew\n\n## Later\nb\n");
    assertThat(GateReport.withSection("# a\n", "## Gate", "## Gate\nnew\n"))
        .isEqualTo("# a\n\n## Gate\nnew\n");
  }

  @Test
  void refusesTooLittle() {
    assertThatThrownBy(() -> search(smiles().subList(0, 1))).isInstanceOf(BundleException.class);
    assertThatThrownBy(() -> new Rules(0, 0.5)).isInstanceOf(BundleException.class);
    assertThatThrownBy(() -> new Rules(0.1, Double.NaN)).isInstanceOf(BundleException.class);
  }

  @Test
  void whatIsLabelledOfSpoiltFacesIsRightMoreOften() {
    FerPlus data = FerPlus.validation();
    List<LabelledFace> faces = new ArrayList<>();
    for (int i = 0; i < data.truth().length; i += 8) {
      FacePicture picture = new FacePicture(48, 48, data.faces().get(i));
      faces.add(new LabelledFace(picture, data.truth()[i], Double.NaN));
    }
    GateReport report = search(faces);
    Row all = report.rows().get(report.rows().size() - 1);
    assertThat(all.labelledAccuracy()).isGreaterThan(all.accuracy() + 0.08);
    assertThat(all.coverage()).isBetween(0.3, 0.8);
    Row clean = report.rows().get(0);
    assertThat(clean.coverage()).isGreaterThan(0.8);
    assertThat(clean.labelledAccuracy()).isGreaterThan(clean.accuracy());
  }
}
