package io.moodline.models;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A network's weights by the names of its PyTorch state dict, without the {@code module.} that some
 * trainers put in front. Thread-safe.
 */
final class Weights {
  private static final long MOST_BYTES = 2L << 30;

  private final String origin;
  private final Map<String, Tensor> tensors;

  /** Weights by name; {@code origin} is the file that messages name. */
  Weights(String origin, Map<String, Tensor> tensors) {
    this.origin = origin;
    this.tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  static Weights readNpz(Path file) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Npz.read(file, MOST_BYTES).forEach((name, array) -> tensors.put(name, array.toTensor()));
    return new Weights(String.valueOf(file.getFileName()), tensors);
  }

  String origin() {
    return origin;
  }

  Set<String> names() {
    return tensors.keySet();
  }

  @Nullable Tensor find(String name) {
    return tensors.get(name);
  }
}
