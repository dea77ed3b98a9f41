package io.moodline.deploy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.analyzer.AnalyzerSettings;
import io.moodline.analyzer.FaceCrops;
import io.moodline.analyzer.FaceCrops.FaceCrop;
import io.moodline.models.Bundle;
import io.moodline.models.Classifier;
import io.moodline.models.Classifiers;
import io.moodline.models.Devices;
import io.moodline.models.MaskKind;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import javax.imageio.ImageIO;

/** Measures a bundle's network by itself, and what memory its use takes. Confined to one thread. */
final class FaceBenchmark {
  private static final long PAGE_BYTES = 4096;
  private static final int MEMORY_SAMPLES = 100;

  private final Bundle bundle;
  private final int threads;
  private final byte[] picture;

  FaceBenchmark(Bundle bundle, Settings settings) throws IOException {
    if (bundle.mask() != MaskKind.NONE) {
      throw new UserException("a model that looks through a mask can not be measured here yet");
    }
    this.bundle = bundle;
    int asked = settings.get(AnalyzerSettings.THREADS);
    this.threads = asked == 0 ? Runtime.getRuntime().availableProcessors() : asked;
    this.picture = noise();
  }

  /**
   * The network with nothing around it, by batch: what a session whose threads divide each layer
   * makes of a second, and one with a single thread of a second of processor time.
   */
  void session(BareRates rates) {
    byte[] face = face();
    try (Classifier classifier = bundle.classifier(threads);
        Classifier single = bundle.classifier(1)) {
      for (int batch = 1; batch <= Classifier.LARGEST_BATCH; batch *= 2) {
        byte[][] faces = new byte[batch][];
        Arrays.fill(faces, face);
        if (!rates.measure(batch, () -> classifier.classify(faces), () -> single.classify(faces))) {
          return;
        }
      }
    }
  }

  /** The same for all threads with faces of their own, as the analyzer does it. */
  void shared(BareRates rates) {
    byte[][] faces = new byte[threads * Math.max(1, rates.bestBatch())][];
    Arrays.fill(faces, face());
    try (Classifiers classifiers = Devices.cpu(threads).open(bundle)) {
      rates.measureShared(faces.length, () -> classifiers.classify(faces));
    }
  }

  /** A measure of the bare network for this model and so many threads. */
  ObjectNode describe() {
    return ApiClient.object()
        .put("model", bundle.name())
        .put("digest", bundle.digest())
        .put("threads", threads);
  }

  private byte[] face() {
    try (FaceCrops crops = FaceCrops.ofCroppedPictures(bundle)) {
      return faces(crops, 1)[0];
    }
  }

  /**
   * Resident memory while faces are decoded, cut out and scored: so many, or as many as there is
   * time for.
   */
  ObjectNode memory(int count, Duration longest, ProgressLine line) throws IOException {
    NavigableMap<Integer, Long> resident = new TreeMap<>(Map.of(0, residentBytes()));
    int every = Math.max(Classifier.LARGEST_BATCH, count / MEMORY_SAMPLES);
    int scored = 0;
    long start = System.nanoTime();
    try (Classifier classifier = bundle.classifier(threads);
        FaceCrops crops = FaceCrops.ofCroppedPictures(bundle)) {
      while (scored < count && System.nanoTime() - start < longest.toNanos()) {
        int batch = Math.min(Classifier.LARGEST_BATCH, count - scored);
        classifier.classify(faces(crops, batch));
        scored += batch;
        if (scored == count || scored - resident.lastKey() >= every) {
          resident.put(scored, residentBytes());
          String text = scored + " faces, " + resident.get(scored) + " bytes resident";
          line.progress((double) scored / count, text);
        }
      }
      resident.put(scored, residentBytes());
    }
    return memory(resident, (System.nanoTime() - start) / 1e9);
  }

  private static ObjectNode memory(NavigableMap<Integer, Long> resident, double seconds) {
    Map.Entry<Integer, Long> end = resident.lastEntry();
    Map.Entry<Integer, Long> half = resident.floorEntry(end.getKey() / 2);
    return ApiClient.object()
        .put("faces", end.getKey())
        .put("seconds", seconds)
        .put("facesHalfWay", half.getKey())
        .put("residentBytesHalfWay", half.getValue())
        .put("residentBytesAtEnd", end.getValue())
        .put(
            "growthBytesPerFace",
            (double) (end.getValue() - half.getValue())
                / Math.max(1, end.getKey() - half.getKey()));
  }

  private byte[][] faces(FaceCrops crops, int count) {
    List<byte[]> faces = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      FaceCrop crop = crops.read(picture, "noise").orElseThrow();
      faces.add(crop.pixels());
    }
    return faces.toArray(byte[][]::new);
  }

  /** Memory of this process in bytes, natives included; 0 where the system does not say. */
  private static long residentBytes() throws IOException {
    Path statm = Path.of("/proc/self/statm");
    return Files.exists(statm)
        ? PAGE_BYTES * Long.parseLong(Files.readString(statm).split(" ")[1])
        : 0;
  }

  private static byte[] noise() throws IOException {
    Random random = new Random(1);
    BufferedImage image = new BufferedImage(160, 160, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        image.setRGB(x, y, random.nextInt(1 << 24));
      }
    }
    ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
    ImageIO.write(image, "jpg", jpeg);
    return jpeg.toByteArray();
  }
}
