package io.moodline.models;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** What computes networks. */
public enum Device {
  CPU("cpu", "CPUExecutionProvider"),
  CUDA("cuda", "CUDAExecutionProvider"),
  TENSORRT("tensorrt", "TensorrtExecutionProvider");

  /** Takes the fastest of the devices that can be used. */
  public static final String AUTO = "auto";

  private final String id;
  private final String provider;

  Device(String id, String provider) {
    this.id = id;
    this.provider = provider;
  }

  /** As it stands in settings. */
  public String id() {
    return id;
  }

  /** What ONNX Runtime calls it. */
  String provider() {
    return provider;
  }

  /** What a setting may say. */
  public static List<String> choices() {
    return Arrays.stream(new String[] {AUTO, CPU.id, CUDA.id, TENSORRT.id})
        .collect(Collectors.toUnmodifiableList());
  }

  static Device of(String id) {
    return Arrays.stream(values())
        .filter(device -> device.id.equals(id))
        .findFirst()
        .orElseThrow(() -> new BundleException("device " + id + " is none of " + choices()));
  }
}
