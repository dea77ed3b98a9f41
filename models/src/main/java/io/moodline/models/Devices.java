package io.moodline.models;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import io.moodline.models.GraphBuilder.Value;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where networks are computed: chosen once, by what was asked for and by a small network that was
 * run there. Opens bundles on it, on several GPUs with a session each. Thread-safe.
 */
public final class Devices {
  private static final String CPU_ONLY =
      "ONNX Runtime was built in without GPUs; MOODLINE_PROFILE=gpu builds it in with them";
  private static final Path GPUS = Path.of("/proc/driver/nvidia/gpus");

  /**
   * What is asked for.
   *
   * @param device {@code auto}, {@code cpu}, {@code cuda} or {@code tensorrt}
   * @param threads that score on the processor, each of them faces of its own
   * @param mostGpus to open sessions on; 0 for all
   * @param half whether TensorRT may compute in half precision
   * @param cache folder for what TensorRT builds, made when it is needed
   */
  public record Request(String device, int threads, int mostGpus, boolean half, Path cache) {}

  private final Device device;
  private final String why;
  private final boolean asked;
  private final Request request;
  private final int gpus;

  private Devices(Device device, String why, Request request, int gpus) {
    this.device = device;
    this.why = why;
    this.asked = !request.device().equals(Device.AUTO);
    this.request = request;
    this.gpus = gpus;
  }

  /** The processor, with so many threads. */
  public static Devices cpu(int threads) {
    return choose(new Request(Device.CPU.id(), threads, 0, false, Path.of("")));
  }

  /**
   * Decides, and computes a small network there to be sure.
   *
   * @throws BundleException when the device that is asked for can not be used, with the remedy
   */
  public static Devices choose(Request request) {
    return choose(request, available(), device -> problem(device, request));
  }

  /**
   * The same over what is there.
   *
   * @param problem why a device can not be used; empty if it can
   */
  static Devices choose(Request request, Set<Device> available, Function<Device, String> problem) {
    if (!request.device().equals(Device.AUTO)) {
      Device device = Device.of(request.device());
      String reason = device == Device.CPU ? "" : reason(device, available, problem);
      if (!reason.isEmpty()) {
        throw new BundleException(
            "device " + device.id() + " can not be used: " + reason + "; or set it to auto or cpu");
      }
      return new Devices(device, "asked for", request, gpus(device, request));
    }
    if (!available.contains(Device.CUDA) && !available.contains(Device.TENSORRT)) {
      return new Devices(Device.CPU, CPU_ONLY, request, 0);
    }
    List<String> reasons = new ArrayList<>();
    for (Device device : List.of(Device.TENSORRT, Device.CUDA)) {
      String reason = reason(device, available, problem);
      if (reason.isEmpty()) {
        reasons.add(0, "the fastest that can be used");
        String why = String.join("; ", reasons);
        return new Devices(device, why, request, gpus(device, request));
      }
      reasons.add("no " + device.id() + ": " + reason);
    }
    return new Devices(Device.CPU, String.join("; ", reasons), request, 0);
  }

  private static String reason(
      Device device, Set<Device> available, Function<Device, String> problem) {
    return available.contains(device) ? problem.apply(device) : CPU_ONLY;
  }

  private static Set<Device> available() {
    Session.environment(); // before anything else loads the runtime
    Set<Device> devices = EnumSet.noneOf(Device.class);
    for (OrtProvider provider : OrtEnvironment.getAvailableProviders()) {
      for (Device device : Device.values()) {
        if (device.provider().equals(provider.getName())) {
          devices.add(device);
        }
      }
    }
    return devices;
  }

  /** Computes a small network on the first GPU: that needs the driver and every library. */
  private static String problem(Device device, Request request) {
    InputSpec input = new InputSpec(8, 8, 3);
    GpuSession.Provider provider =
        GpuSession.provider(device, 0, input, cacheOf(request), request.half());
    try (OrtSession session =
        GpuSession.open(smallNetwork(), input, device, provider, "a small network")) {
      return session.getNumOutputs() == 1 ? "" : "its answer is wrong";
    } catch (OrtException e) {
      return Session.oneLine(e);
    } catch (BundleException e) {
      return e.getMessage()
          + "; it needs NVIDIA's driver, CUDA 12 and cuDNN 9"
          + (device == Device.TENSORRT ? " and TensorRT 10" : "");
    }
  }

  /** A convolution over pixels: what every network here begins with. */
  static byte[] smallNetwork() {
    GraphBuilder g = new GraphBuilder("small", new Weights("none", Map.of()));
    Value faces = g.input(Classifier.INPUT, DataType.UINT8, 8, 8, 3);
    Value x = g.transpose("planes", g.cast("pixels", faces, DataType.FLOAT), 0, 3, 1, 2);
    g.output(g.conv("logits", x, Tensor.zeros(4, 3, 3, 3), Tensor.zeros(4), 1, 1, 1));
    return g.build();
  }

  private static int gpus(Device device, Request request) {
    if (device == Device.CPU) {
      return 0;
    }
    int there = visibleGpus(System.getenv("CUDA_VISIBLE_DEVICES"), GPUS);
    return request.mostGpus() == 0 ? there : Math.min(there, request.mostGpus());
  }

  /**
   * How many GPUs this process may use; at least the one that was tried.
   *
   * @param visible CUDA's list of the ones that are left to a process, or null
   * @param folder in which the driver has an entry for each
   */
  static int visibleGpus(@Nullable String visible, Path folder) {
    if (visible != null && !visible.isBlank()) {
      return visible.strip().split("\\s*,\\s*").length;
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return Math.max(1, (int) entries.count());
    } catch (IOException e) {
      return 1;
    }
  }

  private static Path cacheOf(Request request) {
    try {
      return Files.createDirectories(request.cache());
    } catch (IOException e) {
      throw new BundleException(request.cache() + " can not be made: " + e.getMessage(), e);
    }
  }

  public Device device() {
    return device;
  }

  /** Why this device, in a clause for people. */
  public String why() {
    return why;
  }

  /** Sessions that are opened for each bundle: one for each GPU. */
  public int sessions() {
    return Math.max(1, gpus);
  }

  /** Opens a bundle's network on the device; the caller closes it. */
  public Classifiers open(Bundle bundle) {
    if (device == Device.CPU || isLeftToProcessor(bundle)) {
      return onProcessor(bundle);
    }
    List<Classifier> open = new ArrayList<>();
    try {
      for (int gpu = 0; gpu < sessions(); gpu++) {
        open.add(onGpu(bundle, gpu));
      }
      return new Classifiers(device, open);
    } catch (RuntimeException | Error e) {
      open.forEach(Classifier::close);
      throw e;
    }
  }

  /**
   * One session whose weights all threads share, each with faces of its own. Threads that divide
   * every layer among themselves wait for the slowest of them after each, and here they compete
   * with detectors for the processors.
   */
  private Classifiers onProcessor(Bundle bundle) {
    Classifier.Shapes shapes = Classifier.Shapes.onProcessor(bundle.input());
    List<Classifier> open = new ArrayList<>();
    open.add(
        Classifier.open(bundle, () -> Session.open(bundle.model(), 1, bundle.modelFile()), shapes));
    try {
      while (open.size() < request.threads()) {
        open.add(open.get(0).another());
      }
      return new Classifiers(Device.CPU, open);
    } catch (RuntimeException | Error e) {
      open.forEach(Classifier::close);
      throw e;
    }
  }

  private Classifier onGpu(Bundle bundle, int gpu) {
    GpuSession.Provider provider =
        GpuSession.provider(device, gpu, bundle.input(), cacheOf(request), request.half());
    Classifier classifier =
        Classifier.open(
            bundle,
            () ->
                GpuSession.open(
                    bundle.model(), bundle.input(), device, provider, bundle.modelFile()),
            Classifier.Shapes.ONE);
    try {
      bundle.checkOn(device, classifier);
      return classifier;
    } catch (RuntimeException | Error e) {
      classifier.close();
      throw e;
    }
  }

  /** Whole numbers as processors take them are nothing for a GPU. */
  private boolean isLeftToProcessor(Bundle bundle) {
    boolean whole = bundle.isInWholeNumbers();
    if (whole && asked) {
      throw new BundleException(
          "model "
              + bundle.name()
              + " is in whole numbers for processors, not for "
              + device.id()
              + ": take its float32 or FP16 model, or set the device to auto or cpu");
    }
    return whole;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT, "%s%s: %s", device.id(), gpus > 1 ? " (" + gpus + " GPUs)" : "", why);
  }
}
