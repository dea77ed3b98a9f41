package io.moodline.models;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Map;

/**
 * Scores cropped faces with a bundle's network. Owns one native session and the two buffers outside
 * the heap that go into it and come out; nothing grows with the number of calls.
 *
 * <p>Any number of faces is cut into batches of 32, 16, 8, 4, 2 and 1, so the session meets six
 * shapes in its life and nothing is computed for padding. A face's scores do not depend on which
 * faces share its batch, nor on the batch's size.
 *
 * <p>Confined to one thread at a time.
 */
public final class Classifier implements AutoCloseable {
  /** The most faces that go through the session at once. */
  public static final int LARGEST_BATCH = 32;

  private static final String INPUT = "faces";
  private static final String OUTPUT = "logits";

  private final OrtSession session;
  private final long[] faceShape;
  private final int faceBytes;
  private final int labels;
  private final double temperature;
  private final ByteBuffer in;
  private final FloatBuffer out;
  private boolean closed;

  private Classifier(OrtSession session, InputSpec input, int labels, double temperature) {
    this.session = session;
    this.faceShape = new long[] {input.height(), input.width(), input.channels()};
    this.faceBytes = input.bytes();
    this.labels = labels;
    this.temperature = temperature;
    this.in = ByteBuffer.allocateDirect(LARGEST_BATCH * faceBytes).order(ByteOrder.nativeOrder());
    this.out =
        ByteBuffer.allocateDirect(LARGEST_BATCH * labels * Float.BYTES)
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
  }

  /** Opens the bundle's network with so many threads; the caller closes it. */
  public static Classifier open(Bundle bundle, int threads) {
    return open(
        bundle.model(),
        bundle.input(),
        bundle.labels().size(),
        bundle.temperature(),
        threads,
        bundle.modelFile());
  }

  static Classifier open(
      byte[] onnx, InputSpec input, int labels, double temperature, int threads, String where) {
    OrtSession session = Session.open(onnx, threads, where);
    try {
      checkShape(where, "input", INPUT, OnnxJavaType.UINT8, session.getInputInfo(), input.shape());
      checkShape(
          where,
          "output",
          OUTPUT,
          OnnxJavaType.FLOAT,
          session.getOutputInfo(),
          new long[] {-1, labels});
      return new Classifier(session, input, labels, temperature);
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
    float[][] scores = new float[faces.length][];
    for (int first = 0; first < faces.length; ) {
      int batch = batchFor(faces.length - first);
      in.clear();
      for (int i = 0; i < batch; i++) {
        byte[] face = faces[first + i];
        if (face.length != faceBytes) {
          throw new IllegalArgumentException(
              "a face of " + face.length + " bytes where the model takes " + faceBytes);
        }
        in.put(face);
      }
      run(batch);
      for (int i = 0; i < batch; i++) {
        scores[first + i] = softmax(logits(i), temperature);
      }
      first += batch;
    }
    return scores;
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
      int batch = batchFor(count - first);
      in.clear();
      in.put(0, faces, faces.position() + first * faceBytes, batch * faceBytes);
      run(batch);
      for (int i = 0; i < batch; i++) {
        rows[first + i] = logits(i);
      }
      first += batch;
    }
    return rows;
  }

  /** The largest power of two that is at most the count and the largest batch. */
  private static int batchFor(int count) {
    return Math.min(LARGEST_BATCH, Integer.highestOneBit(count));
  }

  private void run(int batch) {
    if (closed) {
      throw new IllegalStateException("the classifier is closed");
    }
    long[] inShape = {batch, faceShape[0], faceShape[1], faceShape[2]};
    long[] outShape = {batch, labels};
    ByteBuffer faces = in.clear().slice(0, batch * faceBytes);
    FloatBuffer logits = out.clear().slice(0, batch * labels);
    try (OnnxTensor x =
            OnnxTensor.createTensor(Session.environment(), faces, inShape, OnnxJavaType.UINT8);
        OnnxTensor y = OnnxTensor.createTensor(Session.environment(), logits, outShape);
        OrtSession.Result result = session.run(Map.of(INPUT, x), Map.of(OUTPUT, y))) {
      if (result.size() != 1) {
        throw new IllegalStateException("the session answered with " + result.size() + " values");
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

  private static void checkShape(
      String where,
      String what,
      String name,
      OnnxJavaType type,
      Map<String, NodeInfo> nodes,
      long[] expected) {
    NodeInfo node = nodes.get(name);
    if (node == null || nodes.size() != 1 || !(node.getInfo() instanceof TensorInfo info)) {
      throw new BundleException(
          where + " has the " + what + "s " + nodes.keySet() + " where model.json needs " + name);
    }
    if (info.type != type || !Arrays.equals(info.getShape(), expected)) {
      throw new BundleException(
          String.format(
              "%s: %s %s is %s %s where model.json says %s %s; -1 is the batch",
              where,
              what,
              name,
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

  /** Gives the session back; a second call does nothing. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      closeQuietly(session);
    }
  }
}
