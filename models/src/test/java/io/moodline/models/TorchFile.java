package io.moodline.models;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes checkpoints as torch.save would, or as somebody would who means harm. */
final class TorchFile {
  private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();
  private final Map<String, byte[]> storages = new LinkedHashMap<>();
  private boolean compressed;

  /** A state dict of float tensors in the zip format, with module. before each name. */
  static Path stateDict(Path file, Map<String, Tensor> tensors) throws IOException {
    TorchFile torch = new TorchFile().raw("\u0080\u0002}(");
    tensors.forEach((name, tensor) -> torch.text("module." + name).tensor(tensor));
    return torch.raw("u.").write(file);
  }

  /** Opcodes as Latin-1 text. */
  TorchFile raw(String opcodes) {
    pickle.writeBytes(opcodes.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  TorchFile text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return raw("X").number(bytes.length).bytes(bytes);
  }

  TorchFile integer(long value) {
    return raw("\u008a\u0008")
        .bytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }

  TorchFile number(int value) {
    return bytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
  }

  TorchFile bytes(byte[] bytes) {
    pickle.writeBytes(bytes);
    return this;
  }

  TorchFile tensor(Tensor tensor) {
    String key = String.valueOf(storages.size());
    ByteBuffer bytes =
        ByteBuffer.allocate(4 * tensor.values().length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(tensor.values());
    storage(key, bytes.array());
    int[] shape = tensor.shape();
    long[] size = new long[shape.length];
    long[] stride = new long[shape.length];
    long step = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      size[i] = shape[i];
      stride[i] = step;
      step *= shape[i];
    }
    return view("FloatStorage", key, tensor.values().length, 0, size, stride);
  }

  TorchFile storage(String key, byte[] bytes) {
    storages.put(key, bytes);
    return this;
  }

  TorchFile view(String type, String key, long elements, long offset, long[] size, long[] stride) {
    raw("ctorch._utils\n_rebuild_tensor_v2\n((").text("storage").raw("ctorch\n" + type + "\n");
    text(key).text("cpu").integer(elements).raw("tQ").integer(offset);
    numbers(size).numbers(stride);
    return raw("\u0089ccollections\nOrderedDict\n)RtR");
  }

  private TorchFile numbers(long[] values) {
    raw("(");
    for (long value : values) {
      integer(value);
    }
    return raw("t");
  }

  TorchFile compressed() {
    compressed = true;
    return this;
  }

  byte[] pickle() {
    return pickle.toByteArray();
  }

  Path write(Path file) throws IOException {
    return write(file, pickle(), storages, compressed);
  }

  static Path write(Path file, byte[] pickle, Map<String, byte[]> storages, boolean compressed)
      throws IOException {
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      put(zip, "archive/data.pkl", pickle, compressed);
      for (Map.Entry<String, byte[]> storage : storages.entrySet()) {
        put(zip, "archive/data/" + storage.getKey(), storage.getValue(), compressed);
      }
      put(zip, "archive/version", "3\n".getBytes(StandardCharsets.US_ASCII), compressed);
    }
    return file;
  }

  private static void put(ZipOutputStream zip, String name, byte[] bytes, boolean compressed)
      throws IOException {
    ZipEntry entry = new ZipEntry(name);
    if (!compressed) {
      CRC32 crc = new CRC32();
      crc.update(bytes);
      entry.setMethod(ZipEntry.STORED);
      entry.setSize(bytes.length);
      entry.setCrc(crc.getValue());
    }
    zip.putNextEntry(entry);
    zip.write(bytes);
    zip.closeEntry();
  }
}
