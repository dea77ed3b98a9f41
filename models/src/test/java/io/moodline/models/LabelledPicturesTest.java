package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabelledPicturesTest {
  private static final List<String> FERPLUS = LabelSets.parse("ferplus");
  private static final List<String> RAF = LabelSets.parse("raf-db");

  @TempDir Path data;

  private void picture(String path) {
    try {
      Path file = data.resolve(path);
      Files.createDirectories(file.getParent());
      Files.createFile(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void refused(Path data, String labels, String... words) {
    assertThatThrownBy(() -> LabelledPictures.read(data, FERPLUS, labels))
        .isInstanceOf(BundleException.class)
        .hasMessageContainingAll(words);
  }

  @Test
  void readsFoldersNamedByWords() {
    picture("Happy/b.jpg");
    picture("Happy/a.PNG");
    picture("Happy/notes.txt");
    picture("anger/c.webp");
    LabelledPictures read = LabelledPictures.read(data, FERPLUS, null);
    assertThat(read.mapping()).isEqualTo(Map.of("Happy", "happiness", "anger", "anger"));
    assertThat(read.numbering()).isEmpty();
    assertThat(read.pictures())
        .extracting(picture -> data.relativize(picture.file()) + " " + picture.truth())
        .containsExactly("Happy/a.PNG 1", "Happy/b.jpg 1", "anger/c.webp 4");
    assertThat(read.half(0).pictures()).hasSize(2);
    assertThat(read.half(1).pictures()).hasSize(1);
    assertThat(read.atMost(2).name()).endsWith("(2 of 3 pictures)");
  }

  @Test
  void readsTheTestPartOfRafDbByItsNumbers() {
    picture("train/1/a.jpg");
    for (int i = 1; i <= 7; i++) {
      picture("test/" + i + "/a.jpg");
    }
    LabelledPictures read = LabelledPictures.read(data, RAF, null);
    assertThat(read.name()).endsWith("test");
    assertThat(read.numbering()).isEqualTo("numbers as raf-db, from 1");
    assertThat(read.pictures())
        .extracting(LabelledPictures.Picture::truth)
        .containsExactly(0, 1, 2, 3, 4, 5, 6);
    assertThat(LabelledPictures.read(data.resolve("train"), FERPLUS, null).mapping())
        .isEqualTo(Map.of("1", "surprise"));
  }

  @Test
  void readsNumbersFromZeroAsAffectNetsUnlessToldOtherwise() {
    picture("0/a.jpg");
    picture("7/a.jpg");
    LabelledPictures affectNet = LabelledPictures.read(data, RAF, null);
    assertThat(affectNet.mapping())
        .containsEntry("0", "neutral")
        .containsEntry("7", "contempt: not a label of the model");
    assertThat(affectNet.leftOut()).isEqualTo(1);
    assertThat(LabelledPictures.read(data, FERPLUS, "ferplus").mapping())
        .containsEntry("7", "contempt");
    refused(data, "affectnet-7", "[0, 7]", "affectnet-7 numbers 0 to 6", "--labels");
  }

  @Test
  void readsAListOfPathsAndLabels() throws IOException {
    Path list = Files.writeString(data.resolve("list.txt"), "a/1.jpg\t3\n\nb.jpg\tsad\r\n");
    LabelledPictures read = LabelledPictures.read(list, FERPLUS, "affectnet-7");
    assertThat(read.pictures())
        .containsExactly(
            new LabelledPictures.Picture(data.resolve("a/1.jpg"), 2),
            new LabelledPictures.Picture(data.resolve("b.jpg"), 3));
    Files.writeString(list, "a.jpg\t1\nb.jpg 1\n");
    refused(list, null, "line 2", "path<TAB>label");
    Files.write(list, new byte[] {(byte) 0xFF, (byte) 0xFE, 0, 9});
    refused(list, null, "is no text");
  }

  @Test
  void namesWhatIsWrong() throws IOException {
    refused(data.resolve("none"), null, "none was not found");
    refused(data, null, "holds no pictures");
    picture("bored/a.jpg");
    refused(data, null, "\"bored\" is no label", "the model says [neutral");
    Files.move(data.resolve("bored"), data.resolve("9"));
    refused(data, null, "raf-db numbers 1 to 7");
  }
}
