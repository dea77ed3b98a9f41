package io.moodline.deploy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.analyzer.AnalyzerSettings;
import io.moodline.analyzer.FaceCrops;
import io.moodline.analyzer.FaceCrops.FaceCrop;
import io.moodline.models.Bundle;
import io.moodline.models.Classifier;
import io.moodline.models.MaskKind;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;

/** Measures a bundle's session by itself, and what memory its use takes. Confined to one thread. */
final class FaceBenchmark {
  private static final long LEAST_NANOS = 300_000_000L;
  private static final long PAGE_BYTES = 4096;

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

  /** Faces per second of the bare session, by batch. */
  ObjectNode session() {
    ObjectNode result = ApiClient.object();
    result.put("model", bundle.name()).put("digest", bundle.digest()).put("threads", threads);
    ObjectNode byBatch = result.putObject("facesPerSecondByBatch");
    double best = 0;
    try (Classifier classifier = bundle.classifier(threads);
        FaceCrops crops = FaceCrops.ofCroppedPictures(bundle)) {
      for (int batch = 1; batch <= Classifier.LARGEST_BATCH; batch *= 2) {
        double rate = rate(classifier, faces(crops, batch));
        byBatch.put(Integer.toString(batch), rate);
        best = Math.max(best, rate);
      }
    }
    return result.put("bestFacesPerSecond", best);
  }

  private static double rate(Classifier classifier, byte[][] faces) {
    classifier.classify(faces); // the first one of a shape is slow
    long begin = System.nanoTime();
    long scored = 0;
    while (System.nanoTime() - begin < LEAST_NANOS) {
      scored += classifier.classify(faces).length;
    }
    return scored / ((System.nanoTime() - begin) / 1e9);
  }

  /** Resident memory while so many faces are decoded, cut out and scored. */
  ObjectNode memory(int count) throws IOException {
    long begin = 0;
    int warm = count / 2;
    int scored = 0;
    long start = System.nanoTime();
    try (Classifier classifier = bundle.classifier(threads);
        FaceCrops crops = FaceCrops.ofCroppedPictures(bundle)) {
      while (scored < count) {
        int batch = Math.min(Classifier.LARGEST_BATCH, count - scored);
        classifier.classify(faces(crops, batch));
        boolean wasCold = scored < warm;
        scored += batch;
        if (wasCold && scored >= warm) {
          begin = residentBytes();
        }
      }
      long end = residentBytes();
      return ApiClient.object()
          .put("faces", count)
          .put("seconds", (System.nanoTime() - start) / 1e9)
          .put("residentBytesHalfWay", begin)
          .put("residentBytesAtEnd", end)
          .put("growthBytesPerFace", (double) (end - begin) / Math.max(1, count - warm));
    }
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
