package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstalledModelTest {
  @TempDir Path bundles;

  @Test
  void listsAndRemovesWhatIsTheUsersEvenIfBroken() throws IOException {
    Bundle shipped = Bundle.builtIn("lite-ferplus");
    BundleWriter.install(bundles, shipped.contents().named("mine"), shipped.model());
    Files.writeString(
        Files.createDirectories(bundles.resolve("broken")).resolve("model.json"), "{}");
    Path pulled = Files.createDirectories(bundles.resolve("yunet"));
    Files.createFile(pulled.resolve("face_detection_yunet_2023mar.onnx"));
    assertThat(InstalledModel.list(bundles))
        .extracting(InstalledModel::name)
        .containsExactly("broken", "lite-ferplus", "mine");
    assertThat(InstalledModel.list(bundles).get(0).problem()).contains("format is");
    assertThat(InstalledModel.list(bundles).get(1).builtIn()).isTrue();
    assertThat(InstalledModel.list(bundles).get(2).labels()).isEqualTo(shipped.labels());

    for (String name : new String[] {"mine", "broken", "yunet"}) {
      InstalledModel.remove(bundles, name);
    }
    assertThat(bundles).isEmptyDirectory();
  }

  /** What a kill leaves between the two moves with which a bundle replaces another one. */
  @Test
  void bringsBackABundleThatWasToBeReplaced() throws IOException {
    Bundle shipped = Bundle.builtIn("lite-ferplus");
    BundleWriter.install(bundles, shipped.contents().named("mine"), shipped.model());
    Files.move(bundles.resolve("mine"), bundles.resolve(".mine.replaced"));
    Files.createDirectory(bundles.resolve(".mine.partial"));

    assertThat(new Bundles(bundles).names()).containsExactly("lite-ferplus", "mine");
    assertThat(new Bundles(bundles).resolve("mine").name()).isEqualTo("mine");

    Files.move(bundles.resolve("mine"), bundles.resolve(".mine.replaced"));
    assertThatThrownBy(() -> BundleWriter.checkFree(bundles, "mine"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("exists already");
    BundleWriter.replace(bundles, shipped.contents().named("mine"), shipped.model());
    assertThat(bundles.toFile().list()).containsExactly("mine");
  }

  @Test
  void removesWhatWasReplacedToo() throws IOException {
    Bundle shipped = Bundle.builtIn("lite-ferplus");
    BundleWriter.install(bundles, shipped.contents().named("mine"), shipped.model());
    Files.createDirectory(bundles.resolve(".mine.replaced"));
    InstalledModel.remove(bundles, "mine");
    assertThat(bundles).isEmptyDirectory();
  }

  @Test
  void removesNothingElse() throws IOException {
    Path photos = Files.createDirectories(bundles.resolve("photos"));
    refuses("photos", "is no bundle, so it stays");
    refuses("lite-ferplus", "ships with the program");
    refuses("nothing", "there are [lite-ferplus]");
    refuses("../photos", "model name");
    assertThat(photos).exists();
  }

  @Test
  void removesALinkAndNotWhatItLeadsTo() throws IOException {
    Path elsewhere = Files.createDirectories(bundles.resolve("elsewhere/mine"));
    Files.writeString(elsewhere.resolve("model.json"), "{}");
    Path home = Files.createDirectories(bundles.resolve("home"));
    Files.createSymbolicLink(home.resolve("mine"), elsewhere);
    InstalledModel.remove(home, "mine");
    assertThat(home).isEmptyDirectory();
    assertThat(elsewhere.resolve("model.json")).exists();
  }

  private void refuses(String name, String why) {
    assertThatThrownBy(() -> InstalledModel.remove(bundles, name))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining(why);
  }
}
