package io.moodline.models;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Which of ONNX Runtime's providers computed how many nodes of a network, read from what it wrote
 * about a run. It hands nodes that a provider does not take to the processor without a word; this
 * is where that shows. Thread-safe.
 *
 * @param nodes how many by provider, such as {@code CUDAExecutionProvider}
 */
record Placement(Map<String, Integer> nodes) {
  private static final String KERNEL = "_kernel_time";

  Placement {
    nodes = new TreeMap<>(nodes);
  }

  /** Reads a profile; a node that ran twice counts once. */
  static Placement read(Path profile) throws IOException {
    Map<String, Integer> nodes = new TreeMap<>();
    Set<String> seen = new HashSet<>();
    for (JsonNode event : Manifest.JSON.readTree(profile.toFile())) {
      String name = event.path("name").asText();
      String provider = event.at("/args/provider").asText();
      if (name.endsWith(KERNEL) && !provider.isEmpty() && seen.add(name)) {
        nodes.merge(provider, 1, Integer::sum);
      }
    }
    return new Placement(nodes);
  }

  /** Throws unless the device took nodes, and the processor none. */
  void check(Device device, String where) {
    int there = nodes.getOrDefault(device.provider(), 0);
    int left = nodes.getOrDefault(Device.CPU.provider(), 0);
    if (device != Device.CPU && (there == 0 || left > 0)) {
      throw new BundleException(
          where + " does not run on " + device.id() + " but on " + this + "; take another device");
    }
  }

  @Override
  public String toString() {
    return nodes.entrySet().stream()
        .map(entry -> entry.getKey().replace("ExecutionProvider", "") + " " + entry.getValue())
        .collect(Collectors.joining(", "));
  }
}
