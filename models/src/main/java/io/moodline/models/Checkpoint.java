package io.moodline.models;

import io.moodline.models.Pickle.Dict;
import io.moodline.models.Pickle.Storage;
import io.moodline.models.Pickle.View;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * Reads the weights out of a file that {@code torch.save} wrote, in its zip format and in the one
 * from before PyTorch 1.6, without Python and without running anything in it ({@link Pickle}).
 *
 * <p>The state dict may be the whole file or lie under {@code state_dict}; a leading {@code
 * module.} of its names is taken off. Floats of 16, 32 and 64 bits, bfloat16 and integers are read;
 * views with an offset and strides and shared storages too.
 *
 * <p>Bounds: zip entries must be stored, not compressed, as PyTorch writes them, so what is read
 * can never exceed the file; a tensor may not have more elements than its storage; all weights
 * together not more than {@value #MOST_ELEMENTS} elements. Confined to one thread.
 */
final class Checkpoint {
  private static final int MOST_ELEMENTS = 1 << 27;
  private static final int MOST_TENSORS = 100_000;
  private static final BigInteger LEGACY_MAGIC = new BigInteger("119547037146038801333356");
  private static final List<String> ENVELOPES = List.of("state_dict", "model_state_dict", "model");

  /** The bytes of a storage, from a byte of it on; throws EOFException where it ends before. */
  private interface Storages {
    ByteBuffer read(Storage storage, long fromByte, int count) throws IOException;
  }

  private final String where;

  private Checkpoint(String where) {
    this.where = where;
  }

  static Weights read(Path file) {
    Checkpoint checkpoint = new Checkpoint(String.valueOf(file.getFileName()));
    try {
      if (!Files.isRegularFile(file)) {
        throw new BundleException(file + " is not there; give the path of a checkpoint");
      }
      return checkpoint.isZip(file) ? checkpoint.readZip(file) : checkpoint.readLegacy(file);
    } catch (EOFException e) {
      throw new BundleException(checkpoint.where + " is cut off; fetch or save it again", e);
    } catch (IOException e) {
      throw new BundleException(
          checkpoint.where + " cannot be read as a checkpoint: " + e.getMessage(), e);
    }
  }

  private boolean isZip(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] start = in.readNBytes(2);
      return start.length == 2 && start[0] == 'P' && start[1] == 'K';
    }
  }

  // The zip format.

  private Weights readZip(Path file) throws IOException {
    try (ZipFile zip = new ZipFile(file.toFile())) {
      String stem = stem(zip);
      ZipEntry order = zip.getEntry(stem + "byteorder");
      if (order != null && !text(zip, order).strip().equals("little")) {
        throw new BundleException(where + " is big endian; save it on a little-endian machine");
      }
      Object root;
      try (InputStream in = new BufferedInputStream(open(zip, stem + "data.pkl"))) {
        root = Pickle.read(in, where).value();
      }
      return weights(
          root,
          (storage, fromByte, count) -> {
            try (InputStream in = open(zip, stem + "data/" + storage.key())) {
              in.skipNBytes(fromByte);
              return exactly(in.readNBytes(count), count);
            }
          });
    }
  }

  private String stem(ZipFile zip) {
    return zip.stream()
        .map(ZipEntry::getName)
        .filter(name -> name.endsWith("/data.pkl"))
        .findFirst()
        .map(name -> name.substring(0, name.length() - "data.pkl".length()))
        .orElseThrow(
            () ->
                new BundleException(
                    where + " is a zip without data.pkl; give a file that torch.save wrote"));
  }

  private InputStream open(ZipFile zip, String name) throws IOException {
    ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      throw new BundleException(where + " has no " + name + "; fetch or save it again");
    }
    if (entry.getMethod() != ZipEntry.STORED) {
      throw new BundleException(
          where + ": " + name + " is compressed, which torch.save never does; save it again");
    }
    return zip.getInputStream(entry);
  }

  private String text(ZipFile zip, ZipEntry entry) throws IOException {
    try (InputStream in = open(zip, entry.getName())) {
      return new String(in.readNBytes(16), StandardCharsets.US_ASCII);
    }
  }

  // The legacy format: magic number, version, system, objects, keys, then storage after storage.

  private Weights readLegacy(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      long position = 0;
      Pickle.Result[] pickles = new Pickle.Result[5];
      try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
        for (int i = 0; i < pickles.length; i++) {
          pickles[i] = Pickle.read(in, where);
          position += pickles[i].bytes();
          if (i == 0 && !LEGACY_MAGIC.equals(pickles[0].value())) {
            throw new BundleException(
                where + " is no PyTorch checkpoint; give a file that torch.save wrote");
          }
        }
      }
      Map<String, Storage> known = pickles[3].storages();
      Map<String, Long> starts = starts(channel, position, pickles[4].value(), known);
      return weights(
          pickles[3].value(),
          (storage, fromByte, count) -> {
            Long start = starts.get(storage.key());
            if (start == null) {
              throw new BundleException(where + " has no storage " + storage.key());
            }
            return read(channel, start + fromByte, count);
          });
    }
  }

  /** Where in the file each storage begins; each is an element count and the elements. */
  private static Map<String, Long> starts(
      FileChannel channel, long position, Object keys, Map<String, Storage> known)
      throws IOException {
    Map<String, Long> starts = new HashMap<>();
    for (Object key : keys instanceof List<?> list ? list : List.of()) {
      Storage storage = key instanceof String name ? known.get(name) : null;
      int width = storage == null ? 0 : width(storage);
      if (storage == null || width == 0) {
        // What follows cannot be found without this one's size.
        break;
      }
      long count = read(channel, position, Long.BYTES).getLong();
      if (count < 0 || count > channel.size()) {
        throw new EOFException();
      }
      position += Long.BYTES;
      starts.put(storage.key(), position);
      position += count * width;
    }
    return starts;
  }

  private static ByteBuffer read(FileChannel channel, long position, int count) throws IOException {
    if (position < 0 || position + count > channel.size()) {
      throw new EOFException();
    }
    ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, position + bytes.position()) < 0) {
        throw new EOFException();
      }
    }
    return bytes.flip();
  }

  private static ByteBuffer exactly(byte[] bytes, int count) throws EOFException {
    if (bytes.length < count) {
      throw new EOFException();
    }
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  // From what the pickle built to weights.

  private Weights weights(Object root, Storages storages) throws IOException {
    Map<String, View> views = tensors(root);
    if (views.isEmpty()) {
      throw new BundleException(where + " " + whyNoWeights(root));
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    long elements = 0;
    for (Map.Entry<String, View> entry : views.entrySet()) {
      View view = entry.getValue();
      // What has to be read for a strided view may be more than it shows: both are bounded.
      elements += Math.max(elements(entry.getKey(), view), span(entry.getKey(), view));
      if (elements > MOST_ELEMENTS) {
        throw new BundleException(
            where + " holds more than " + MOST_ELEMENTS + " weights; no network here has so many");
      }
      tensors.put(entry.getKey(), tensor(entry.getKey(), entry.getValue(), storages));
    }
    return new Weights(where, tensors);
  }

  private String whyNoWeights(Object root) {
    if (root instanceof Dict dict && dict.get("param_groups") != null) {
      return "holds an optimizer's state and no weights, as the published trainer of POSTER V2"
          + " leaves behind in *model_best.pth; give the checkpoint of an epoch instead";
    }
    return "holds no state dict; save model.state_dict() and give that file";
  }

  /** The tensors of the state dict by name. */
  private Map<String, View> tensors(Object root) {
    Map<String, View> views = new LinkedHashMap<>();
    if (stateDict(root) instanceof Dict dict) {
      if (dict.keys().size() > MOST_TENSORS) {
        throw new BundleException(where + " names more than " + MOST_TENSORS + " weights");
      }
      for (int i = 0; i < dict.keys().size(); i++) {
        if (dict.keys().get(i) instanceof String name
            && dict.values().get(i) instanceof View view) {
          views.put(name.startsWith("module.") ? name.substring("module.".length()) : name, view);
        }
      }
    }
    return views;
  }

  private static @Nullable Object stateDict(Object root) {
    if (root instanceof Dict dict) {
      for (String envelope : ENVELOPES) {
        if (dict.get(envelope) instanceof Dict inner) {
          return inner;
        }
      }
    }
    return root;
  }

  private long elements(String name, View view) {
    long elements = 1;
    for (long extent : view.size()) {
      if (extent < 0 || extent > MOST_ELEMENTS) {
        throw misshapen(name);
      }
      elements *= extent;
      if (elements > view.storage().elements()) {
        throw misshapen(name);
      }
    }
    return elements;
  }

  private BundleException misshapen(String name) {
    return new BundleException(
        where + ": weight " + name + " is larger than what is stored for it; save it again");
  }

  /** Elements from the first to the last that a view shows; inside its storage. */
  private long span(String name, View view) {
    Storage storage = view.storage();
    long last = view.offset();
    boolean inside =
        view.offset() >= 0
            && view.offset() <= MOST_ELEMENTS
            && storage.from() >= 0
            && storage.from() <= MOST_ELEMENTS
            && storage.elements() <= MOST_ELEMENTS;
    for (int i = 0; i < view.size().length; i++) {
      inside &= view.stride()[i] >= 0 && view.stride()[i] <= MOST_ELEMENTS;
      last += Math.max(view.size()[i] - 1, 0) * view.stride()[i];
    }
    if (elements(name, view) == 0) {
      return 0;
    }
    if (!inside || last >= storage.elements()) {
      throw misshapen(name);
    }
    return last - view.offset() + 1;
  }

  private Tensor tensor(String name, View view, Storages storages) throws IOException {
    int elements = (int) elements(name, view);
    int[] shape = new int[view.size().length];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = (int) view.size()[i];
    }
    if (elements == 0) {
      return Tensor.zeros(shape);
    }
    Storage storage = view.storage();
    int width = width(storage);
    if (width == 0) {
      throw new BundleException(
          where + ": weight " + name + " is stored as " + storage.type() + "; save it as float32");
    }
    long from = (storage.from() + view.offset()) * width;
    int bytes = Math.toIntExact(span(name, view) * width);
    ByteBuffer stored = storages.read(storage, from, bytes);
    return new Tensor(shape, gather(stored, storage.type(), shape, view.stride(), elements));
  }

  private static float[] gather(
      ByteBuffer bytes, String type, int[] shape, long[] stride, int elements) {
    float[] values = new float[elements];
    int[] index = new int[shape.length];
    int at = 0;
    for (int i = 0; i < elements; i++) {
      values[i] = element(bytes, type, at);
      for (int axis = shape.length - 1; axis >= 0; axis--) {
        at += (int) stride[axis];
        if (++index[axis] < shape[axis]) {
          break;
        }
        at -= (int) (shape[axis] * stride[axis]);
        index[axis] = 0;
      }
    }
    return values;
  }

  /** Bytes of one element; 0 for a type that no weight may have. */
  private static int width(Storage storage) {
    return switch (storage.type()) {
      case "DoubleStorage", "LongStorage" -> 8;
      case "FloatStorage", "IntStorage" -> 4;
      case "HalfStorage", "BFloat16Storage", "ShortStorage" -> 2;
      case "CharStorage", "ByteStorage", "BoolStorage" -> 1;
      default -> 0;
    };
  }

  private static float element(ByteBuffer bytes, String type, int index) {
    return switch (type) {
      case "DoubleStorage" -> (float) bytes.getDouble(index * 8);
      case "LongStorage" -> bytes.getLong(index * 8);
      case "FloatStorage" -> bytes.getFloat(index * 4);
      case "IntStorage" -> bytes.getInt(index * 4);
      case "HalfStorage" -> HalfFloats.toFloat(bytes.getShort(index * 2));
      case "BFloat16Storage" -> Float.intBitsToFloat(bytes.getShort(index * 2) << 16);
      case "ShortStorage" -> bytes.getShort(index * 2);
      case "CharStorage" -> bytes.get(index);
      default -> bytes.get(index) & 0xff;
    };
  }
}
