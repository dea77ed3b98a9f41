package io.moodline.ingest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One numbered clip in the forms that cameras send: H.264 pictures, MPEG-TS, JPEGs, HLS, MP4. */
final class TestMedia {
  static final int RATE = 10;

  final SyntheticClip clip;

  /** NAL units of each picture; the first one's begin with the parameter sets. */
  final List<List<byte[]>> pictures;

  final byte[] transportStream;
  final byte[] mp4;
  final List<byte[]> jpegs;

  /** Files of a complete HLS playlist, {@code index.m3u8} among them. */
  final Path hls;

  private TestMedia(Path folder, int width, int height) throws IOException, InterruptedException {
    clip = new SyntheticClip(width, height, RATE, 6, true, List.of());
    Files.createDirectories(folder);
    Path file = folder.resolve("clip.mp4");
    clip.write(file);
    String in = file.toString();
    pictures =
        pictures(
            read(
                folder,
                "clip.h264",
                "-i",
                in,
                "-c",
                "copy",
                "-bsf:v",
                "h264_mp4toannexb",
                "-f",
                "h264"));
    transportStream = read(folder, "clip.ts", "-i", in, "-c", "copy", "-f", "mpegts");
    mp4 = read(folder, "fast.mp4", "-i", in, "-c", "copy", "-movflags", "+faststart");
    jpegs =
        jpegs(read(folder, "clip.mjpeg", "-i", in, "-c:v", "mjpeg", "-q:v", "4", "-f", "mjpeg"));
    hls = folder.resolve("hls");
    Files.createDirectories(hls);
    Clips.ffmpeg(
        hls.resolve("index.m3u8"),
        "-i",
        in,
        "-c",
        "copy",
        "-f",
        "hls",
        "-hls_time",
        "2",
        "-hls_playlist_type",
        "vod");
  }

  static TestMedia make(Path folder, int width, int height)
      throws IOException, InterruptedException {
    return new TestMedia(folder, width, height);
  }

  private static byte[] read(Path folder, String name, String... arguments)
      throws IOException, InterruptedException {
    return Files.readAllBytes(Clips.ffmpeg(folder.resolve(name), arguments));
  }

  /** Cuts an Annex B stream into pictures; every picture of the encoder is one slice. */
  private static List<List<byte[]>> pictures(byte[] stream) {
    List<List<byte[]>> pictures = new ArrayList<>();
    List<byte[]> current = new ArrayList<>();
    for (byte[] unit : units(stream)) {
      int type = unit[0] & 0x1F;
      if (type == 7 || type == 8 || type == 1 || type == 5) {
        current.add(unit);
      }
      if (type == 1 || type == 5) {
        pictures.add(current);
        current = new ArrayList<>();
      }
    }
    return pictures;
  }

  private static List<byte[]> units(byte[] stream) {
    List<Integer> starts = new ArrayList<>();
    for (int i = 0; i + 2 < stream.length; i++) {
      if (stream[i] == 0 && stream[i + 1] == 0 && stream[i + 2] == 1) {
        starts.add(i + 3);
      }
    }
    List<byte[]> units = new ArrayList<>();
    for (int i = 0; i < starts.size(); i++) {
      int end = i + 1 < starts.size() ? starts.get(i + 1) - 3 : stream.length;
      while (end > starts.get(i) && stream[end - 1] == 0) {
        end--;
      }
      units.add(Arrays.copyOfRange(stream, starts.get(i), end));
    }
    return units;
  }

  private static List<byte[]> jpegs(byte[] stream) {
    List<byte[]> jpegs = new ArrayList<>();
    int start = 0;
    for (int i = 2; i + 1 < stream.length; i++) {
      boolean next = (stream[i] & 0xFF) == 0xFF && (stream[i + 1] & 0xFF) == 0xD8;
      if (next) {
        jpegs.add(Arrays.copyOfRange(stream, start, i));
        start = i;
      }
    }
    jpegs.add(Arrays.copyOfRange(stream, start, stream.length));
    return jpegs;
  }

  /** A sequence parameter set of pictures that no one may decode: 10,000 x 10,000. */
  static byte[] hugeParameters() {
    StringBuilder bits = new StringBuilder();
    bits.append("01100111"); // NAL unit: parameter set
    bits.append("01000010").append("00000000").append("00110011"); // baseline, level 5.1
    for (int value : new int[] {0, 0, 2, 1}) { // id, frame number, order of pictures, references
      exponential(bits, value);
    }
    bits.append('0');
    exponential(bits, 10_000 / 16 - 1);
    exponential(bits, 10_000 / 16 - 1);
    bits.append("1100").append('1'); // whole frames, no cropping, nothing more; stop bit
    while (bits.length() % 8 != 0) {
      bits.append('0');
    }
    byte[] bytes = new byte[bits.length() / 8];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Integer.parseInt(bits.substring(i * 8, i * 8 + 8), 2);
    }
    return bytes;
  }

  private static void exponential(StringBuilder bits, int value) {
    String binary = Integer.toBinaryString(value + 1);
    bits.append("0".repeat(binary.length() - 1)).append(binary);
  }
}
