package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpzTest {
  @TempDir Path folder;

  @Test
  void readsFloatsDoublesAndIntegersByName() throws IOException {
    Path file =
        npz(
            Map.of(
                "a.weight",
                npy("<f4", "(2, 3)", floats(1, 2, 3, 4, 5, 6)),
                "b",
                npy(
                    "<f8",
                    "()",
                    ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(0.5)),
                "c",
                npy(
                    "<i8",
                    "(1,)",
                    ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(7)),
                "d",
                npy("|u1", "(2,)", ByteBuffer.wrap(new byte[] {(byte) 200, 1}))));
    Weights weights = Weights.readNpz(file);
    assertThat(weights.names()).containsExactlyInAnyOrder("a.weight", "b", "c", "d");
    assertThat(weights.find("a.weight").shape()).containsExactly(2, 3);
    assertThat(weights.find("a.weight").values()).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(weights.find("b").shape()).isEmpty();
    assertThat(weights.find("b").values()).containsExactly(0.5f);
    assertThat(weights.find("c").values()).containsExactly(7);
    assertThat(weights.find("d").values()).containsExactly(200, 1);
  }

  @Test
  void writesWhatItReads() throws IOException {
    Map<String, Npz.Array> arrays =
        Map.of(
            "floats", Npz.parse(npy("<f4", "(2, 3)", floats(1, 2, 3, 4, 5, 6)), "floats"),
            "flags", Npz.parse(npy("|b1", "(2,)", ByteBuffer.wrap(new byte[] {0, 1})), "flags"),
            "one", Npz.parse(npy("<f4", "()", floats(0.5f)), "one"));
    Path file = folder.resolve("written.npz");
    Npz.write(file, arrays);
    Map<String, Npz.Array> again = Npz.read(file, 1000);
    assertThat(again).containsOnlyKeys("floats", "flags", "one");
    again.forEach(
        (name, array) -> {
          assertThat(array.type()).isEqualTo(arrays.get(name).type());
          assertThat(array.shape()).isEqualTo(arrays.get(name).shape());
          assertThat(array.bytes()).isEqualTo(arrays.get(name).bytes());
        });
  }

  @Test
  void turnsColumnMajorArraysRound() {
    byte[] npy = npy("<f4", "(2, 3)", floats(1, 4, 2, 5, 3, 6));
    String header = new String(npy, StandardCharsets.ISO_8859_1);
    byte[] turned =
        header
            .replace("'fortran_order': False", "'fortran_order': True ")
            .getBytes(StandardCharsets.ISO_8859_1);
    assertThat(Npz.parse(turned, "turned").toTensor().values()).containsExactly(1, 2, 3, 4, 5, 6);
  }

  @Test
  void refusesAnArrayThatIsShorterThanItsShape() throws IOException {
    refused(npy("<f4", "(2, 4)", floats(1, 2, 3)), "holds 12 bytes where its shape needs 32");
  }

  @Test
  void refusesAShapeThatOverflows() throws IOException {
    refused(npy("<f4", "(999999999, 999999999, 999999999)", floats(1)), "too large");
  }

  @Test
  void refusesObjectArrays() throws IOException {
    refused(npy("|O8", "(1,)", floats(1, 2)), "type O8 are not read");
  }

  @Test
  void refusesBigEndianArrays() throws IOException {
    refused(npy(">f4", "(1,)", floats(1)), "little endian");
  }

  @Test
  void refusesWhateverACutLeaves() throws IOException {
    byte[] whole = npy("<f4", "(2, 3)", floats(1, 2, 3, 4, 5, 6));
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> Npz.parse(cut, "cut")).isInstanceOf(BundleException.class);
    }
  }

  @Test
  void refusesMoreBytesThanAllowed() throws IOException {
    Path file = npz(Map.of("a", npy("<f4", "(6,)", floats(1, 2, 3, 4, 5, 6))));
    assertThatThrownBy(() -> Npz.read(file, 50))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("more than 50 bytes");
  }

  @Test
  void refusesAFileThatIsNoZip() throws IOException {
    Path file = Files.writeString(folder.resolve("text.npz"), "hello");
    assertThatThrownBy(() -> Weights.readNpz(file))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("text.npz: holds no arrays");
  }

  private void refused(byte[] npy, String why) throws IOException {
    Path file = npz(Map.of("w", npy));
    assertThatThrownBy(() -> Weights.readNpz(file))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("w: ")
        .hasMessageContaining(why);
  }

  private Path npz(Map<String, byte[]> arrays) throws IOException {
    Path file = folder.resolve("arrays.npz");
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Map.Entry<String, byte[]> array : arrays.entrySet()) {
        zip.putNextEntry(new ZipEntry(array.getKey() + ".npy"));
        zip.write(array.getValue());
      }
    }
    return file;
  }

  static byte[] npy(String descr, String shape, ByteBuffer data) {
    byte[] header =
        ("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n")
            .getBytes(StandardCharsets.ISO_8859_1);
    byte[] magic = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    return ByteBuffer.allocate(10 + header.length + data.capacity())
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(magic)
        .putShort((short) header.length)
        .put(header)
        .put(data.array())
        .array();
  }

  private static ByteBuffer floats(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes;
  }
}
