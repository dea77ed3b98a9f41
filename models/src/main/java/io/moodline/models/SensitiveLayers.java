package io.moodline.models;

import io.moodline.models.Calibration.Range;
import io.moodline.models.ModelVariants.Progress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds the layers that have to stay in float: those that move the logits too far when they alone
 * are computed in whole numbers. A group of layers that moves them little together holds none, so
 * groups are halved until they pass or are one layer: a network that quantizes well costs a run or
 * two instead of one for each of its layers. Confined to one thread.
 */
final class SensitiveLayers {
  /** How far one layer in whole numbers may move the logits, in their standard deviation. */
  private static final double MOST_MOVED = 0.1;

  private static final int PROBED_FACES = 16;

  private final Bundle source;
  private final Int8Network network;
  private final Map<String, Range> ranges;
  private final List<byte[]> probes;
  private final int threads;
  private final Progress progress;
  private final float[][] exact;
  private final Set<String> sensitive = new LinkedHashSet<>();
  private int passed;

  private SensitiveLayers(
      Bundle source,
      Int8Network network,
      Map<String, Range> ranges,
      List<byte[]> faces,
      int threads,
      Progress progress) {
    this.source = source;
    this.network = network;
    this.ranges = ranges;
    this.probes = faces.subList(0, Math.min(faces.size(), PROBED_FACES));
    this.threads = threads;
    this.progress = progress;
    this.exact = logits(source.model());
  }

  /** Their names, in the graph's order; some of the faces are scored with every group. */
  static Set<String> find(
      Bundle source,
      Int8Network network,
      Map<String, Range> ranges,
      List<byte[]> faces,
      int threads,
      Progress progress) {
    SensitiveLayers search = new SensitiveLayers(source, network, ranges, faces, threads, progress);
    search.search(List.copyOf(network.layers()));
    return search.sensitive;
  }

  private void search(List<String> group) {
    progress.at("probing groups of layers", (double) passed / network.layers().size());
    if (group.isEmpty() || moves(group) <= MOST_MOVED) {
      passed += group.size();
    } else if (group.size() == 1) {
      sensitive.addAll(group);
      passed++;
    } else {
      search(group.subList(0, group.size() / 2));
      search(group.subList(group.size() / 2, group.size()));
    }
  }

  private double moves(List<String> group) {
    return moved(exact, logits(network.rewrite(new LinkedHashSet<>(group), ranges)));
  }

  private float[][] logits(byte[] onnx) {
    try (Classifier classifier = ModelVariants.classifier(source, onnx, threads)) {
      return classifier.logits(joined(probes), probes.size());
    }
  }

  /** Root mean square difference of the logits over their standard deviation. */
  static double moved(float[][] exact, float[][] moved) {
    double sum = 0;
    double squares = 0;
    double differences = 0;
    int count = 0;
    for (int face = 0; face < exact.length; face++) {
      for (int label = 0; label < exact[face].length; label++) {
        double value = exact[face][label];
        sum += value;
        squares += value * value;
        differences += Math.pow(moved[face][label] - value, 2);
        count++;
      }
    }
    double variance = squares / count - Math.pow(sum / count, 2);
    return Math.sqrt(differences / count / Math.max(variance, 1e-12));
  }

  private static ByteBuffer joined(List<byte[]> faces) {
    ByteBuffer all = ByteBuffer.allocate(faces.size() * faces.get(0).length);
    new ArrayList<>(faces).forEach(all::put);
    return all.flip();
  }
}
