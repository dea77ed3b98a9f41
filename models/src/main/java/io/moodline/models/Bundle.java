package io.moodline.models;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A model that may be used: every file has the digest that its manifest names, the network has the
 * shapes and labels that it names, and it scores the canaries as it did when it was made. Whatever
 * is not so is refused with a {@link BundleException} that names the difference.
 *
 * <p>Holds the network's bytes, so nothing can change between the check and the use, until {@link
 * #giveUpNetwork}. Thread-safe.
 */
public final class Bundle {
  private static final long MOST_MANIFEST_BYTES = 1L << 20;
  private static final long MOST_MODEL_BYTES = 1L << 30;
  private static final long MOST_OTHER_BYTES = 8L << 20;

  private final String where;
  private final Manifest manifest;
  private final String digest;
  private final Map<String, byte[]> files;
  private volatile boolean networkGivenUp;

  private Bundle(String where, Manifest manifest, String digest, Map<String, byte[]> files) {
    this.where = where;
    this.manifest = manifest;
    this.digest = digest;
    this.files = new ConcurrentHashMap<>(files);
  }

  /** Reads a file of the bundle by its path with forward slashes; null if there is none. */
  private interface Source {
    byte @Nullable [] read(String file, long mostBytes, String tooMuch) throws IOException;
  }

  /** Loads and checks the bundle in a folder. */
  public static Bundle load(Path folder) {
    return load(folder.toString(), source(folder));
  }

  private static Source source(Path folder) {
    return (file, mostBytes, tooMuch) -> {
      Path path = folder.resolve(file);
      if (!Files.isRegularFile(path)) {
        return null;
      }
      if (Files.size(path) > mostBytes) {
        throw new BundleException(tooMuch);
      }
      HeapRoom.require(Files.size(path), path.toString());
      return Files.readAllBytes(path); // into one array of that size: networks are large
    };
  }

  /** What the manifest in a folder says; the rest of the bundle is not looked at. */
  static BundleOutline outline(Path folder) {
    return outline(folder.toString(), source(folder));
  }

  /** The same of a bundle that ships with the program. */
  static BundleOutline builtInOutline(String name) {
    return outline("built-in bundle " + name, builtInSource(name));
  }

  private static BundleOutline outline(String where, Source source) {
    byte[] json = read(source, Manifest.FILE, MOST_MANIFEST_BYTES, where);
    Manifest manifest = Manifest.parse(json, where + "/" + Manifest.FILE);
    return BundleOutline.of(manifest, Digests.sha256(json));
  }

  /** Loads and checks a bundle that ships with the program: {@code lite-ferplus}. */
  public static Bundle builtIn(String name) {
    Manifest.checkName(name);
    return load("built-in bundle " + name, builtInSource(name));
  }

  private static Source builtInSource(String name) {
    return (file, mostBytes, tooMuch) -> {
      try (InputStream in = Bundle.class.getResourceAsStream("/bundles/" + name + "/" + file)) {
        return in == null ? null : Npz.readAtMost(in, mostBytes, tooMuch);
      }
    };
  }

  private static Bundle load(String where, Source source) {
    byte[] json = read(source, Manifest.FILE, MOST_MANIFEST_BYTES, where);
    Manifest manifest = Manifest.parse(json, where + "/" + Manifest.FILE);
    Map<String, byte[]> files = new HashMap<>();
    manifest
        .files()
        .forEach(
            (file, sha256) -> {
              long most = file.equals(Manifest.MODEL) ? MOST_MODEL_BYTES : MOST_OTHER_BYTES;
              byte[] bytes = read(source, file, most, where);
              Digests.check(bytes, sha256, where + "/" + file);
              files.put(file, bytes);
            });
    Bundle bundle = new Bundle(where, manifest, Digests.sha256(json), files);
    bundle.checkNetwork();
    return bundle;
  }

  private static byte[] read(Source source, String file, long mostBytes, String where) {
    try {
      byte[] bytes =
          source.read(file, mostBytes, where + "/" + file + " is larger than any we make");
      if (bytes == null) {
        throw new BundleException(
            where + " has no " + file + "; give the folder of a bundle, or make it again");
      }
      return bytes;
    } catch (IOException e) {
      throw new BundleException(where + "/" + file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private void checkNetwork() {
    String canariesFile = where + "/" + Manifest.CANARIES;
    Canaries canaries = Canaries.parse(file(Manifest.CANARIES), this::file, canariesFile);
    checkLabelSeal(canariesFile, canaries.labels());
    Map<String, String> sealed = GraphCheck.check(model(), modelFile());
    checkLabelSeal(modelFile(), List.of(sealed.getOrDefault("labels", "").split(",")));
    checkMaskSeal(sealed.getOrDefault("mask", MaskKind.NONE.id()));
    // One short-lived session: whoever scores faces later opens its own, from the same bytes.
    try (Classifier classifier = Classifier.open(this, 1)) {
      canaries.check(classifier, labels(), Canaries.TOLERANCE, where);
    }
  }

  /**
   * Throws unless the canaries score there as they did on the processor, within a GPU's rounding.
   */
  void checkOn(Device device, Classifier classifier) {
    String place = where + " on " + device.id();
    Canaries.parse(file(Manifest.CANARIES), this::file, where + "/" + Manifest.CANARIES)
        .check(classifier, labels(), Canaries.GPU_TOLERANCE, place);
  }

  private void checkLabelSeal(String sealedIn, List<String> sealed) {
    if (!sealed.equals(labels())) {
      throw new BundleException(
          where
              + "/"
              + Manifest.FILE
              + ": labels are "
              + labels()
              + " where "
              + sealedIn
              + " was made with "
              + sealed
              + "; restore their order or make the bundle again");
    }
  }

  private void checkMaskSeal(String sealed) {
    if (!sealed.equals(mask().id())) {
      throw new BundleException(
          where
              + "/"
              + Manifest.FILE
              + ": mask is "
              + mask().id()
              + " where "
              + modelFile()
              + " was made with "
              + sealed
              + "; restore it or make the bundle again");
    }
  }

  /**
   * Lets go of the network's bytes, some hundred megabytes, once all sessions are open that this
   * bundle is for: they hold it outside the heap. Nothing that looks into the network may be asked
   * any more; what the manifest and the card say stays.
   */
  public void giveUpNetwork() {
    networkGivenUp = true;
    files.remove(Manifest.MODEL);
  }

  /** What the manifest says of the faces that the network takes. */
  public BundleOutline outline() {
    return BundleOutline.of(manifest, digest);
  }

  private byte[] file(String name) {
    byte[] bytes = files.get(name);
    if (bytes == null) {
      throw new BundleException(
          where + "/" + Manifest.FILE + ": files does not list " + name + "; make it again");
    }
    return bytes;
  }

  public String name() {
    return manifest.name();
  }

  /** {@code lite}, {@code poster-v2} or {@code oaenet}. */
  public String architecture() {
    return manifest.architecture();
  }

  /** Class names in the network's index order. */
  public List<String> labels() {
    return manifest.labels();
  }

  /** SHA-256 of {@code model.json} in hex; it covers every file, since that names their digests. */
  public String digest() {
    return digest;
  }

  public int inputWidth() {
    return manifest.input().width();
  }

  public int inputHeight() {
    return manifest.input().height();
  }

  /** Which mask the network looks through; none for most. */
  public MaskKind mask() {
    return manifest.input().mask();
  }

  public CropTemplate crop() {
    return manifest.crop();
  }

  /** What logits are divided by before the softmax. */
  public double temperature() {
    return manifest.temperature();
  }

  /** What a face must be like, and how sure the network, before its label is said. */
  public Gate gate() {
    return manifest.gate();
  }

  public String licence() {
    return manifest.licence();
  }

  /** The measured figures as JSON text: data set, protocol, numbers. */
  public String metrics() {
    return manifest.metrics().toString();
  }

  /** The model card in Markdown; empty if the bundle has none. */
  public String modelCard() {
    return new String(files.getOrDefault(Manifest.CARD, new byte[0]), StandardCharsets.UTF_8);
  }

  /** Parameters and multiply-adds, counted on the graph. */
  public GraphCost cost() {
    return GraphCost.of(model(), modelFile());
  }

  /** Whether it is an INT8 variant, which only processors compute as it is. */
  boolean isInWholeNumbers() {
    return GraphCheck.parse(model(), modelFile()).getGraph().getNodeList().stream()
        .anyMatch(node -> node.getOpType().equals("QuantizeLinear"));
  }

  /** Opens the network with so many threads; the caller closes it. */
  public Classifier classifier(int threads) {
    return Classifier.open(this, threads);
  }

  /** All of this bundle but its network, to make another one of. */
  BundleWriter.Contents contents() {
    return new BundleWriter.Contents(
        name(),
        architecture(),
        labels(),
        input(),
        crop(),
        temperature(),
        gate(),
        manifest.metrics(),
        licence(),
        canaryInputs(),
        modelCard());
  }

  /** Pixels of the canaries by file name. */
  private Map<String, byte[]> canaryInputs() {
    String folder = "canaries/";
    Map<String, byte[]> inputs = new TreeMap<>();
    files.forEach(
        (name, bytes) -> {
          if (name.startsWith(folder) && !name.equals(Manifest.CANARIES)) {
            inputs.put(name.substring(folder.length()), bytes);
          }
        });
    return inputs;
  }

  InputSpec input() {
    return manifest.input();
  }

  byte[] model() {
    if (networkGivenUp) {
      throw new IllegalStateException("the network of " + this + " was given up");
    }
    return file(Manifest.MODEL);
  }

  String modelFile() {
    return where + "/" + Manifest.MODEL;
  }

  @Override
  public String toString() {
    return name() + "@" + digest.substring(0, 12);
  }
}
