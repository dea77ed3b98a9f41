package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FaceArchiveTest {
  @TempDir Path folder;

  private Path file(int[] shape, String type) throws IOException {
    byte[] pixels = new byte[(int) Tensor.size(shape) * (type.equals("f4") ? 4 : 1)];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (3 * i);
    }
    Map<String, Npz.Array> arrays = new LinkedHashMap<>();
    arrays.put("images", new Npz.Array(type, shape, ByteBuffer.wrap(pixels)));
    arrays.put("votes", new Npz.Array("u1", new int[] {2}, ByteBuffer.wrap(new byte[] {7, 9})));
    Path file = folder.resolve("faces.npz");
    Npz.write(file, arrays);
    return file;
  }

  @Test
  void givesGreyPicturesInThreeAlikeChannels() throws IOException {
    FaceArchive archive = FaceArchive.read(file(new int[] {2, 2, 3}, "u1"));
    assertThat(archive.size()).isEqualTo(2);
    FacePicture second = archive.picture(1);
    assertThat(second.width()).isEqualTo(3);
    assertThat(second.height()).isEqualTo(2);
    assertThat(second.rgb()).startsWith(18, 18, 18, 21, 21, 21).hasSize(18);
  }

  @Test
  void givesColoursAsTheyAre() throws IOException {
    FaceArchive archive = FaceArchive.read(file(new int[] {2, 1, 2, 3}, "u1"));
    assertThat(archive.picture(1).rgb()).containsExactly(18, 21, 24, 27, 30, 33);
  }

  @Test
  void writesLandmarksBesideWhatItHeld() throws IOException {
    Path from = file(new int[] {2, 2, 3}, "u1");
    float[] points = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10.5f};
    Path to = folder.resolve("marked.npz");
    FaceArchive.read(from).write(to, List.of(Optional.of(points), Optional.empty()));

    Map<String, Npz.Array> arrays = Npz.read(to, 1 << 20);
    assertThat(arrays.keySet()).containsExactly("images", "votes", "landmarks");
    assertThat(arrays.get("votes").toTensor().values()).containsExactly(7, 9);
    assertThat(arrays.get("images").shape()).containsExactly(2, 2, 3);
    Tensor landmarks = arrays.get("landmarks").toTensor();
    assertThat(landmarks.shape()).containsExactly(2, 5, 2);
    assertThat(landmarks.values()).startsWith(points).endsWith(Float.NaN, Float.NaN);
    assertThat(FaceArchive.read(to).picture(1).rgb()).startsWith(18, 18, 18);
    assertThat(Files.list(folder)).hasSize(2);
  }

  @Test
  void refusesWhatHoldsNoPictures() throws IOException {
    Path floats = file(new int[] {2, 2, 3}, "f4");
    assertThatThrownBy(() -> FaceArchive.read(floats))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("no array images");
    assertThatThrownBy(() -> FaceArchive.read(folder.resolve("none.npz")))
        .hasMessageContaining("not found");
  }
}
