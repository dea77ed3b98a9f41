package io.moodline.models;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Scores cropped faces with a bundle's network. Owns one native session (or shares another one's)
 * and the two buffers outside the heap that go into it and come out; nothing grows with the number
 * of calls.
 *
 * <p>On a processor any number of faces is cut into batches of 32, 16, 8, 4, 2 and 1 (of 1 alone
 * where the network takes large pictures), so the session meets six shapes at most in its life and
 * nothing is computed for padding; a face's scores have the same bits in all of them. GPUs choose
 * other algorithms for other shapes, and a full batch costs them little more than a lone face:
 * there every batch is padded to 32. So a face's scores do not depend on which faces share its
 * batch, nor on how many.
 *
 * <p>Confined to one thread at a time.
 */
public final class Classifier implements AutoCloseable {
  /** The most faces that go through the session at once. */
  public static final int LARGEST_BATCH = 32;

  /** A batch on a processor has at most as many pixels as 32 faces of 48 x 48. */
  private static final int MOST_PIXELS = LARGEST_BATCH * 48 * 48;

  /**
   * How faces are cut into batches: the powers of two up to the largest one, all of them full.
   *
   * @param largest a power of two
   * @param padded whether every batch is a largest one, black where there are no faces
   */
  record Shapes(int largest, boolean padded) {
    static final Shapes FULL = new Shapes(LARGEST_BATCH, false);
    static final Shapes ONE = new Shapes(LARGEST_BATCH, true);

    /**
     * Those that a processor does well with: what the layers of a network hand on stays in its
     * caches, and a face that takes long gains nothing from company.
     */
    static Shapes onProcessor(InputSpec input) {
      int faces = Math.max(1, MOST_PIXELS / input.pixels());
      return new Shapes(Math.min(LARGEST_BATCH, Integer.highestOneBit(faces)), false);
    }

    private int batchFor(int faces) {
      return padded ? largest : Math.min(largest, Integer.highestOneBit(faces));
    }
  }

  static final String INPUT = "faces";
  static final String MASK = "mask";
  private static final String OUTPUT = "logits";

  private final OrtSession session;
  private final boolean ownsSession;
  private final InputSpec input;
  private final long[] faceShape;
  private final int faceBytes;
  private final int maskPixels;
  private final int labels;
  private final double temperature;
  private final Shapes shapes;
  private final ByteBuffer in;
  private final FloatBuffer masksIn;
  private final byte[] black;
  private final float[] noMask;
  private final FloatBuffer out;
  private boolean closed;

  private Classifier(
      OrtSession session,
      boolean ownsSession,
      InputSpec input,
      int labels,
      double temperature,
      Shapes shapes) {
    this.session = session;
    this.ownsSession = ownsSession;
    this.input = input;
    this.shapes = shapes;
    this.faceShape = new long[] {input.height(), input.width(), input.channels()};
    this.faceBytes = input.bytes();
    this.maskPixels = input.mask() == MaskKind.NONE ? 0 : input.pixels();
    this.labels = labels;
    this.temperature = temperature;
    int largest = shapes.largest();
    this.in = ByteBuffer.allocateDirect(largest * faceBytes).order(ByteOrder.nativeOrder());
    this.masksIn = floats(largest * maskPixels);
    this.out = floats(largest * labels);
    this.black = new byte[faceBytes];
    this.noMask = new float[maskPixels];
  }

  private static FloatBuffer floats(int count) {
    return ByteBuffer.allocateDirect(count * Float.BYTES)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  /** Opens the bundle's network with so many threads; the caller closes it. */
  public static Classifier open(Bundle bundle, int threads) {
    return open(
        bundle, () -> Session.open(bundle.model(), threads, bundle.modelFile()), Shapes.FULL);
  }

  /**
   * Another one that scores in this one's session with buffers of its own, so that a second thread
   * may score at the same time; to be closed before this one.
   */
  Classifier another() {
    return new Classifier(session, false, input, labels, temperature, shapes);
  }

  /** The same in a session that {@code opener} makes of the bundle's network. */
  static Classifier open(Bundle bundle, Supplier<OrtSession> opener, Shapes shapes) {
    return over(
        opener.get(),
        bundle.input(),
        bundle.labels().size(),
        bundle.temperature(),
        shapes,
        bundle.modelFile());
  }

  static Classifier open(
      byte[] onnx, InputSpec input, int labels, double temperature, int threads, String where) {
    return over(Session.open(onnx, threads, where), input, labels, temperature, Shapes.FULL, where);
  }

  /** Takes the session over, also when it does not fit and is closed. */
  private static Classifier over(
      OrtSession session,
      InputSpec input,
      int labels,
      double temperature,
      Shapes shapes,
      String where) {
    try {
      Map<String, NodeInfo> inputs = session.getInputInfo();
      boolean masked = input.mask() != MaskKind.NONE;
      checkNames(where, "inputs", inputs, masked ? Set.of(INPUT, MASK) : Set.of(INPUT));
      checkShape(where, "input " + INPUT, OnnxJavaType.UINT8, inputs.get(INPUT), input.shape());
      if (masked) {
        checkShape(where, "input " + MASK, OnnxJavaType.FLOAT, inputs.get(MASK), input.maskShape());
      }
      Map<String, NodeInfo> outputs = session.getOutputInfo();
      checkNames(where, "outputs", outputs, Set.of(OUTPUT));
      long[] logits = {-1, labels};
      checkShape(where, "output " + OUTPUT, OnnxJavaType.FLOAT, outputs.get(OUTPUT), logits);
      return new Classifier(session, true, input, labels, temperature, shapes);
    } catch (OrtException e) {
      closeQuietly(session);
      throw new BundleException(where + " cannot be run: " + Session.oneLine(e), e);
    } catch (RuntimeException | Error e) {
      closeQuietly(session);
      throw e;
    }
  }

  /**
   * Scores faces, each uint8 [height, width, channels] as the bundle's input says (RGB). The result
   * is float [faces, labels] in the bundle's label order; each row sums to 1.
   */
  public float[][] classify(byte[][] faces) {
    refuseMissingMasks();
    return classify(faces, new float[0][]);
  }

  /**
   * The same for a network that looks through a mask ({@link Bundle#mask}): one float [height,
   * width] per face, from {@link MaskKind#mask}.
   */
  public float[][] classify(byte[][] faces, float[][] masks) {
    if (looksThroughMask() && masks.length != faces.length) {
      throw new IllegalArgumentException(masks.length + " masks for " + faces.length + " faces");
    }
    float[][] scores = new float[faces.length][];
    for (int first = 0; first < faces.length; ) {
      int batch = shapes.batchFor(faces.length - first);
      int past = Math.min(first + batch, faces.length);
      in.clear();
      masksIn.clear();
      for (int i = first; i < past; i++) {
        in.put(checked(faces[i]));
        if (looksThroughMask()) {
          masksIn.put(masks[i], 0, maskPixels);
        }
      }
      pad(past - first, batch);
      run(batch);
      for (int i = first; i < past; i++) {
        scores[i] = softmax(logits(i - first), temperature);
      }
      first = past;
    }
    return scores;
  }

  /**
   * Black where a batch has no more faces: whose faces an earlier batch had is nobody's concern.
   */
  private void pad(int faces, int batch) {
    for (int i = faces; i < batch; i++) {
      in.put(i * faceBytes, black);
      masksIn.put(i * maskPixels, noMask);
    }
  }

  private byte[] checked(byte[] face) {
    if (face.length != faceBytes) {
      throw new IllegalArgumentException(
          "a face of " + face.length + " bytes where the model takes " + faceBytes);
    }
    return face;
  }

  boolean looksThroughMask() {
    return maskPixels > 0;
  }

  private void refuseMissingMasks() {
    if (looksThroughMask()) {
      throw new BundleException(
          "the model looks through a mask made of landmarks, and here there are none;"
              + " take a model without a mask");
    }
  }

  /**
   * Scores {@code count} faces that stand one after another in {@code faces} from its position on;
   * the buffer's position does not move.
   */
  public float[][] classify(ByteBuffer faces, int count) {
    float[][] scores = logits(faces, count);
    for (int i = 0; i < count; i++) {
      scores[i] = softmax(scores[i], temperature);
    }
    return scores;
  }

  /** The network's own answers before temperature and softmax: what {@link Temperature} fits on. */
  public float[][] logits(ByteBuffer faces, int count) {
    refuseMissingMasks();
    if (faces.remaining() < (long) count * faceBytes) {
      throw new IllegalArgumentException(
          faces.remaining()
              + " bytes where "
              + count
              + " faces of "
              + faceBytes
              + " were promised");
    }
    float[][] rows = new float[count][];
    for (int first = 0; first < count; ) {
      int batch = shapes.batchFor(count - first);
      int real = Math.min(batch, count - first);
      in.clear();
      in.put(0, faces, faces.position() + first * faceBytes, real * faceBytes);
      pad(real, batch);
      run(batch);
      for (int i = 0; i < real; i++) {
        rows[first + i] = logits(i);
      }
      first += real;
    }
    return rows;
  }

  private void run(int batch) {
    if (closed) {
      throw new IllegalStateException("the classifier is closed");
    }
    long[] inShape = {batch, faceShape[0], faceShape[1], faceShape[2]};
    long[] maskShape = {batch, faceShape[0], faceShape[1]};
    long[] outShape = {batch, labels};
    ByteBuffer faces = in.clear().slice(0, batch * faceBytes);
    FloatBuffer masks = masksIn.clear().slice(0, batch * maskPixels);
    FloatBuffer logits = out.clear().slice(0, batch * labels);
    OrtEnvironment environment = Session.environment();
    try (OnnxTensor x = OnnxTensor.createTensor(environment, faces, inShape, OnnxJavaType.UINT8);
        OnnxTensor y = OnnxTensor.createTensor(environment, logits, outShape)) {
      if (looksThroughMask()) {
        try (OnnxTensor mask = OnnxTensor.createTensor(environment, masks, maskShape)) {
          session.run(Map.of(INPUT, x, MASK, mask), Map.of(OUTPUT, y)).close();
        }
      } else {
        session.run(Map.of(INPUT, x), Map.of(OUTPUT, y)).close();
      }
    } catch (OrtException e) {
      throw new IllegalStateException("the session failed: " + Session.oneLine(e), e);
    }
  }

  private float[] logits(int face) {
    float[] row = new float[labels];
    out.get(face * labels, row);
    return row;
  }

  static float[] softmax(float[] logits, double temperature) {
    double largest = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      largest = Math.max(largest, logit);
    }
    double[] powers = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      powers[i] = Math.exp((logits[i] - largest) / temperature);
      sum += powers[i];
    }
    float[] scores = new float[logits.length];
    for (int i = 0; i < logits.length; i++) {
      scores[i] = (float) (powers[i] / sum);
    }
    return scores;
  }

  private static void checkNames(
      String where, String what, Map<String, NodeInfo> nodes, Set<String> expected) {
    if (!nodes.keySet().equals(expected)) {
      throw new BundleException(
          where
              + " has the "
              + what
              + " "
              + nodes.keySet()
              + " where model.json needs "
              + expected);
    }
  }

  private static void checkShape(
      String where, String what, OnnxJavaType type, @Nullable NodeInfo node, long[] expected) {
    if (node == null || !(node.getInfo() instanceof TensorInfo info)) {
      throw new BundleException(where + ": " + what + " is no tensor; make the bundle again");
    }
    if (info.type != type || !Arrays.equals(info.getShape(), expected)) {
      throw new BundleException(
          String.format(
              "%s: %s is %s %s where model.json says %s %s; -1 is the batch",
              where,
              what,
              info.type,
              Arrays.toString(info.getShape()),
              type,
              Arrays.toString(expected)));
    }
  }

  private static void closeQuietly(OrtSession session) {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException("a session could not be closed", e);
    }
  }

  /** Gives back what it owns; a second call does nothing. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (ownsSession) {
        closeQuietly(session);
      }
    }
  }
}
