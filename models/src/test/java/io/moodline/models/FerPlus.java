package io.moodline.models;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** FER+ faces with a majority label among the eight, if the data is there. */
record FerPlus(List<byte[]> faces, int[] truth) {

  static FerPlus validation() {
    return read(TestData.require("fer/val.npz"), Integer.MAX_VALUE);
  }

  static FerPlus training(int most) {
    return read(TestData.require("fer/train-0.npz"), most);
  }

  private static FerPlus read(Path file, int most) {
    Map<String, Npz.Array> arrays = Npz.read(file, 1L << 30);
    ByteBuffer pictures = arrays.get("images").bytes();
    ByteBuffer majority = arrays.get("ferplus_majority").bytes();
    int pixels = LiteNetwork.SIDE * LiteNetwork.SIDE;
    List<byte[]> faces = new ArrayList<>();
    List<Integer> truth = new ArrayList<>();
    for (int i = 0; i < majority.remaining() && faces.size() < most; i++) {
      if (majority.get(i) >= 0 && majority.get(i) < 8) {
        byte[] grey = new byte[pixels];
        pictures.get(i * pixels, grey);
        faces.add(LiteBundle.greyToRgb(grey));
        truth.add((int) majority.get(i));
      }
    }
    return new FerPlus(faces, truth.stream().mapToInt(Integer::intValue).toArray());
  }
}
