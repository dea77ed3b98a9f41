package io.moodline.models;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import ai.onnxruntime.providers.OrtTensorRTProviderOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Opens sessions on a GPU and proves with one run that the network is computed there: ONNX Runtime
 * leaves what a GPU does not take to the processor and says nothing. TensorRT builds its engine in
 * that run and keeps it on disk. Thread-safe.
 */
final class GpuSession {
  /** TensorRT builds engines for batches from one to this. */
  private static final int LARGEST_BATCH = Classifier.LARGEST_BATCH;

  private GpuSession() {}

  /** Adds one of ONNX Runtime's providers to a session's options. */
  @FunctionalInterface
  interface Provider {
    void addTo(OrtSession.SessionOptions options) throws OrtException;
  }

  /**
   * ONNX Runtime's provider of a device.
   *
   * @param cache folder for TensorRT's engines and timings
   * @param half whether TensorRT may compute in half precision
   */
  static Provider provider(Device device, int gpu, InputSpec input, Path cache, boolean half) {
    return options -> {
      if (device == Device.TENSORRT) {
        try (OrtTensorRTProviderOptions tensorRt = new OrtTensorRTProviderOptions(gpu)) {
          addAll(tensorRt::add, tensorRtOptions(input, cache, half));
          options.addTensorrt(tensorRt);
        }
      }
      // Behind TensorRT it takes what that leaves.
      try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(gpu)) {
        addAll(cuda::add, cudaOptions());
        options.addCUDA(cuda);
      }
    };
  }

  @FunctionalInterface
  private interface Option {
    void add(String key, String value) throws OrtException;
  }

  private static void addAll(Option option, Map<String, String> values) throws OrtException {
    for (Map.Entry<String, String> value : values.entrySet()) {
      option.add(value.getKey(), value.getValue());
    }
  }

  /** Products of 19 bits would move scores further than our tests allow. */
  static Map<String, String> cudaOptions() {
    return Map.of("use_tf32", "0", "cudnn_conv_algo_search", "HEURISTIC");
  }

  static Map<String, String> tensorRtOptions(InputSpec input, Path cache, boolean half) {
    Map<String, String> options = new LinkedHashMap<>();
    options.put("trt_engine_cache_enable", "1");
    options.put("trt_engine_cache_path", cache.toString());
    options.put("trt_timing_cache_enable", "1");
    options.put("trt_timing_cache_path", cache.toString());
    options.put("trt_fp16_enable", half ? "1" : "0");
    options.put("trt_layer_norm_fp32_fallback", "1");
    options.put("trt_profile_min_shapes", shapes(input, 1));
    options.put("trt_profile_opt_shapes", shapes(input, LARGEST_BATCH));
    options.put("trt_profile_max_shapes", shapes(input, LARGEST_BATCH));
    return options;
  }

  private static String shapes(InputSpec input, int batch) {
    String picture = batch + "x" + input.height() + "x" + input.width();
    String faces = Classifier.INPUT + ":" + picture + "x" + input.channels();
    return input.mask() == MaskKind.NONE ? faces : faces + "," + Classifier.MASK + ":" + picture;
  }

  /** The caller owns the session; throws when a part of the network would not run on the device. */
  static OrtSession open(
      byte[] onnx, InputSpec input, Device device, Provider provider, String where) {
    OrtEnvironment environment = Session.environment();
    Path folder = temporaryFolder();
    try (OrtSession.SessionOptions options = Session.options(1)) {
      provider.addTo(options);
      options.addConfigEntry("session.disable_cpu_ep_fallback", "1");
      options.enableProfiling(folder.resolve("run").toString());
      OrtSession session = environment.createSession(onnx, options);
      try {
        runOnce(session, input);
        Placement.read(Path.of(session.endProfiling())).check(device, where);
        return session;
      } catch (OrtException | IOException | RuntimeException | Error e) {
        session.close();
        throw e;
      }
    } catch (OrtException e) {
      throw new BundleException(
          where + " cannot be run on " + device.id() + ": " + Session.oneLine(e), e);
    } catch (IOException e) {
      throw new BundleException(folder + " cannot be read: " + e.getMessage(), e);
    } finally {
      delete(folder);
    }
  }

  static void runOnce(OrtSession session, InputSpec input) throws OrtException {
    OrtEnvironment environment = Session.environment();
    long[] shape = {1, input.height(), input.width(), input.channels()};
    ByteBuffer pixels = ByteBuffer.allocateDirect(input.bytes());
    ByteBuffer weights =
        ByteBuffer.allocateDirect(input.pixels() * Float.BYTES).order(ByteOrder.nativeOrder());
    Map<String, OnnxTensor> inputs = new HashMap<>();
    try {
      inputs.put(
          Classifier.INPUT,
          OnnxTensor.createTensor(environment, pixels, shape, OnnxJavaType.UINT8));
      if (input.mask() != MaskKind.NONE) {
        long[] maskShape = {1, input.height(), input.width()};
        inputs.put(
            Classifier.MASK,
            OnnxTensor.createTensor(environment, weights.asFloatBuffer(), maskShape));
      }
      session.run(inputs).close();
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private static Path temporaryFolder() {
    try {
      return Files.createTempDirectory("moodline-placement");
    } catch (IOException e) {
      throw new BundleException("no temporary folder can be made: " + e.getMessage(), e);
    }
  }

  private static void delete(Path folder) {
    try {
      BundleWriter.deleteTree(folder);
    } catch (IOException e) {
      folder.toFile().deleteOnExit(); // a few kilobytes under /tmp are no reason to fail
    }
  }
}
