package io.moodline.models;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs an ONNX network that takes one float tensor and answers with float tensors: a face detector.
 * Owns one native session and one input buffer outside the heap, which is kept between calls. A
 * file with external data, foreign operators or control flow is refused before it is opened.
 *
 * <p>Confined to one thread at a time.
 */
public final class FloatModel implements AutoCloseable {
  private static final long MOST_BYTES = 256L << 20;

  private final OrtSession session;
  private final String inputName;
  private FloatBuffer buffer = allocate(0);
  private boolean closed;

  private FloatModel(OrtSession session, String inputName) {
    this.session = session;
    this.inputName = inputName;
  }

  /**
   * Opens a model file.
   *
   * @param sha256 hex digest the file must have; null to take any
   */
  public static FloatModel open(Path file, @Nullable String sha256, int threads) {
    try {
      if (!Files.isRegularFile(file)) {
        throw new BundleException(file + " is not there; give the path of an ONNX model");
      }
      if (Files.size(file) > MOST_BYTES) {
        throw new BundleException(file + " is larger than " + (MOST_BYTES >> 20) + " MB");
      }
      return open(Files.readAllBytes(file), sha256, threads, file.toString());
    } catch (IOException e) {
      throw new BundleException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  /** Opens a model from its bytes; {@code where} names it in messages. */
  public static FloatModel open(byte[] onnx, @Nullable String sha256, int threads, String where) {
    if (sha256 != null) {
      Digests.check(onnx, sha256, where);
    }
    GraphCheck.check(onnx, where);
    OrtSession session = Session.open(onnx, threads, where);
    if (session.getNumInputs() != 1) {
      closeNow(session);
      throw new BundleException(where + " takes more than one input; a detector takes one");
    }
    return new FloatModel(session, session.getInputNames().iterator().next());
  }

  /** Runs the network on a row-major tensor and returns its float outputs, row-major, by name. */
  public Map<String, float[]> run(float[] input, long[] shape) {
    if (closed) {
      throw new IllegalStateException("the model is closed");
    }
    if (buffer.capacity() != input.length) {
      buffer = allocate(input.length);
    }
    buffer.clear().put(input).flip();
    try (OnnxTensor x = OnnxTensor.createTensor(Session.environment(), buffer, shape);
        OrtSession.Result result = session.run(Map.of(inputName, x))) {
      Map<String, float[]> outputs = new LinkedHashMap<>();
      for (Map.Entry<String, OnnxValue> entry : result) {
        outputs.put(entry.getKey(), floats(entry.getValue()));
      }
      return outputs;
    } catch (OrtException e) {
      throw new IllegalStateException("the session failed: " + Session.oneLine(e), e);
    }
  }

  private static float[] floats(OnnxValue value) {
    FloatBuffer from = value instanceof OnnxTensor tensor ? tensor.getFloatBuffer() : null;
    if (from == null) {
      throw new BundleException("the model answers with something else than float tensors");
    }
    float[] values = new float[from.remaining()];
    from.get(values);
    return values;
  }

  private static FloatBuffer allocate(int floats) {
    return ByteBuffer.allocateDirect(floats * Float.BYTES)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  private static void closeNow(OrtSession session) {
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
      closeNow(session);
    }
  }
}
