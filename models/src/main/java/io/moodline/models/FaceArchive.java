package io.moodline.models;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A .npz of face pictures as {@code models/training} reads it: {@code images}, uint8 [n, height,
 * width] grey or [n, height, width, 3] RGB, and arrays that are kept as they are. Thread-safe.
 */
public final class FaceArchive {
  private static final long MOST_BYTES = 1L << 30;
  private static final String IMAGES = "images";
  private static final String LANDMARKS = "landmarks";
  private static final int COORDINATES = 10;

  private final Path file;
  private final Map<String, Npz.Array> arrays;
  private final ByteBuffer pixels;
  private final int[] shape;

  private FaceArchive(Path file, Map<String, Npz.Array> arrays, Npz.Array images) {
    this.file = file;
    this.arrays = arrays;
    this.pixels = images.bytes();
    this.shape = images.shape();
  }

  /**
   * Reads a file whole.
   *
   * @throws BundleException when it holds no pictures
   */
  public static FaceArchive read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new BundleException(file + " was not found; give a .npz with the array images");
    }
    Map<String, Npz.Array> arrays = Npz.read(file, MOST_BYTES);
    Npz.Array images = arrays.get(IMAGES);
    boolean fits =
        images != null
            && images.type().equals("u1")
            && (images.shape().length == 3 || images.shape().length == 4 && images.shape()[3] == 3);
    if (images == null || !fits) {
      throw new BundleException(
          file + " has no array images, uint8 [n, height, width] or [n, height, width, 3]");
    }
    return new FaceArchive(file, arrays, images);
  }

  /** How many pictures it holds. */
  public int size() {
    return shape[0];
  }

  /** One picture; grey ones in three alike channels. */
  public FacePicture picture(int index) {
    int height = shape[1];
    int width = shape[2];
    byte[] own = new byte[height * width * (shape.length == 4 ? 3 : 1)];
    pixels.get(index * own.length, own);
    return new FacePicture(width, height, shape.length == 4 ? own : LiteBundle.greyToRgb(own));
  }

  /**
   * Writes everything that was read and the pictures' landmarks, whole or not at all.
   *
   * @param landmarks one of each picture: x0, y0, x1, y1, ... of five points in its pixels; NaN is
   *     written where there are none
   */
  public void write(Path to, List<Optional<float[]>> landmarks) {
    if (landmarks.size() != size()) {
      throw new IllegalArgumentException(landmarks.size() + " landmarks of " + size());
    }
    ByteBuffer bytes =
        ByteBuffer.allocate(size() * COORDINATES * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (Optional<float[]> points : landmarks) {
      for (int i = 0; i < COORDINATES; i++) {
        bytes.putFloat(points.isPresent() ? points.get()[i] : Float.NaN);
      }
    }
    Map<String, Npz.Array> all = new LinkedHashMap<>(arrays);
    all.put(LANDMARKS, new Npz.Array("f4", new int[] {size(), COORDINATES / 2, 2}, bytes.flip()));
    Path partial = to.resolveSibling(to.getFileName() + ".part");
    try {
      Npz.write(partial, all);
      Files.move(partial, to, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new BundleException(to + " cannot be written: " + e.getMessage(), e);
    }
  }

  @Override
  public String toString() {
    return file.toString();
  }
}
