package io.moodline.ingest;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What goes through the pipes between ingest and its decoder children, both ways: a four-byte
 * length, a byte that tells the kind, and the fields in order, big-endian. Lengths are checked
 * before anything is allocated, since a child may have been taken over by what it decodes.
 */
sealed interface DecoderMessage {
  /** Longest message in bytes: the largest JPEG a topic takes, and its fields. */
  int MAX_BYTES = 8 * 1024 * 1024 + 1024;

  int MAX_OPTIONS = 32;

  /** What a child tells of one of its sources. */
  sealed interface OfSource extends DecoderMessage {
    /** Number of the source in the child. */
    int stream();
  }

  /**
   * Start to decode.
   *
   * @param stream number of the source in this child
   * @param url as FFmpeg takes it; may hold credentials
   * @param demuxer forced, never probed
   * @param options of the demuxer
   * @param live whether frames are sent as they come, rather than as they are granted
   * @param paced whether frames come in bursts and are sent at the times that they show
   * @param afterMicros media time of the last frame that is not to be sent again; -1 for none
   * @param hardware what is to decode it
   */
  record Open(
      int stream,
      String url,
      String demuxer,
      Map<String, String> options,
      boolean live,
      boolean paced,
      WantedFrames wanted,
      int maxWidth,
      int jpegQuality,
      long afterMicros,
      HardwareWish hardware)
      implements DecoderMessage {
    public Open {
      options = Map.copyOf(options);
    }

    /** The same with another wish. */
    Open with(HardwareWish wish) {
      return new Open(
          stream,
          url,
          demuxer,
          options,
          live,
          paced,
          wanted,
          maxWidth,
          jpegQuality,
          afterMicros,
          wish);
    }

    @Override
    public String toString() {
      return "Open[" + stream + ", " + demuxer + "]"; // never the URL
    }
  }

  /** So many more frames may be sent. */
  record Grant(int stream, int frames) implements DecoderMessage {}

  /** Stop to decode. */
  record Close(int stream) implements DecoderMessage {}

  /** The source is open; {@code durationMicros} is -1 where the container does not say. */
  record Opened(
      int stream,
      String codec,
      int width,
      int height,
      double framesPerSecond,
      double targetFramesPerSecond,
      long durationMicros)
      implements OfSource {}

  /** What decodes the source, told when it is known and when it changes. */
  record Decoder(int stream, String decoder, String why) implements OfSource {}

  /**
   * One sampled frame.
   *
   * @param stamp its time as the source has it
   * @param framesPerSecond rate in force
   * @param unmovedBefore pictures that were due and left out before it, since nothing had moved
   */
  record Picture(
      int stream,
      long mediaTimeMicros,
      long stamp,
      double framesPerSecond,
      long unmovedBefore,
      int width,
      int height,
      byte[] jpeg)
      implements OfSource {}

  /** The source has no more frames. */
  record Ended(int stream) implements OfSource {}

  /** The source can not be decoded; {@code why} follows the source's name in a sentence. */
  record Failed(int stream, boolean retry, String why) implements OfSource {}

  /** The child has loaded all that it needs: what it is told to open, it opens at once. */
  record Ready() implements DecoderMessage {}

  /**
   * A sign of life of one source; number -1 stands for the child itself.
   *
   * @param busyMillis for how long the same native call has been running
   * @param silentMillis for how long the source has shown nothing, due or not
   */
  record Heartbeat(int stream, int busyMillis, int silentMillis) implements DecoderMessage {}

  /** Writes one message; the caller flushes. */
  static void write(OutputStream out, DecoderMessage message) throws IOException {
    var bytes = new ByteArrayOutputStream(message instanceof Picture p ? p.jpeg.length + 64 : 256);
    var data = new DataOutputStream(bytes);
    encode(data, message);
    if (bytes.size() > MAX_BYTES) {
      throw new IOException("a decoder message is too long: " + bytes.size() + " bytes");
    }
    new DataOutputStream(out).writeInt(bytes.size());
    bytes.writeTo(out);
  }

  private static void encode(DataOutputStream data, DecoderMessage message) throws IOException {
    switch (kind(message)) {
      case 'O' -> encodeOpen(data, (Open) message);
      case 'G' -> {
        header(data, 'G', ((Grant) message).stream);
        data.writeInt(((Grant) message).frames);
      }
      case 'C' -> header(data, 'C', ((Close) message).stream);
      case 'o' -> {
        Opened opened = (Opened) message;
        header(data, 'o', opened.stream);
        data.writeUTF(opened.codec);
        data.writeInt(opened.width);
        data.writeInt(opened.height);
        data.writeDouble(opened.framesPerSecond);
        data.writeDouble(opened.targetFramesPerSecond);
        data.writeLong(opened.durationMicros);
      }
      case 'd' -> {
        Decoder told = (Decoder) message;
        header(data, 'd', told.stream);
        data.writeUTF(told.decoder);
        data.writeUTF(told.why);
      }
      case 'p' -> {
        Picture picture = (Picture) message;
        header(data, 'p', picture.stream);
        data.writeLong(picture.mediaTimeMicros);
        data.writeLong(picture.stamp);
        data.writeDouble(picture.framesPerSecond);
        data.writeLong(picture.unmovedBefore);
        data.writeInt(picture.width);
        data.writeInt(picture.height);
        data.write(picture.jpeg);
      }
      case 'e' -> header(data, 'e', ((Ended) message).stream);
      case 'r' -> header(data, 'r', -1);
      case 'f' -> {
        Failed failed = (Failed) message;
        header(data, 'f', failed.stream);
        data.writeBoolean(failed.retry);
        data.writeUTF(failed.why);
      }
      default -> {
        header(data, 'h', ((Heartbeat) message).stream);
        data.writeInt(((Heartbeat) message).busyMillis);
        data.writeInt(((Heartbeat) message).silentMillis);
      }
    }
  }

  private static char kind(DecoderMessage message) {
    if (message instanceof Open) {
      return 'O';
    } else if (message instanceof Grant) {
      return 'G';
    } else if (message instanceof Close) {
      return 'C';
    } else if (message instanceof Opened) {
      return 'o';
    } else if (message instanceof Decoder) {
      return 'd';
    } else if (message instanceof Picture) {
      return 'p';
    } else if (message instanceof Ended) {
      return 'e';
    } else if (message instanceof Failed) {
      return 'f';
    } else if (message instanceof Ready) {
      return 'r';
    }
    return 'h';
  }

  private static void header(DataOutputStream data, char kind, int stream) throws IOException {
    data.writeByte(kind);
    data.writeInt(stream);
  }

  private static void encodeOpen(DataOutputStream data, Open open) throws IOException {
    header(data, 'O', open.stream);
    data.writeUTF(open.url);
    data.writeUTF(open.demuxer);
    data.writeInt(open.options.size());
    for (var option : open.options.entrySet()) {
      data.writeUTF(option.getKey());
      data.writeUTF(option.getValue());
    }
    data.writeBoolean(open.live);
    data.writeBoolean(open.paced);
    data.writeDouble(open.wanted.perSecond());
    data.writeByte(open.wanted.mode().ordinal());
    data.writeInt(open.maxWidth);
    data.writeInt(open.jpegQuality);
    data.writeLong(open.afterMicros);
    data.writeUTF(open.hardware.name());
    data.writeUTF(open.hardware.whySoftware());
  }

  /**
   * Reads one message.
   *
   * @throws EOFException when the pipe is closed
   * @throws IOException when what comes is no message
   */
  static DecoderMessage read(InputStream in) throws IOException {
    int length = new DataInputStream(in).readInt();
    if (length < 5 || length > MAX_BYTES) {
      throw new IOException("a decoder message has an impossible length: " + length);
    }
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("a decoder message is cut off");
    }
    var data = new DataInputStream(new ByteArrayInputStream(bytes));
    DecoderMessage message = decode(data);
    if (data.available() > 0) {
      throw new IOException("a decoder message is longer than its fields");
    }
    return message;
  }

  private static DecoderMessage decode(DataInputStream data) throws IOException {
    int kind = data.readUnsignedByte();
    int stream = data.readInt();
    return switch (kind) {
      case 'O' -> decodeOpen(data, stream);
      case 'G' -> new Grant(stream, data.readInt());
      case 'C' -> new Close(stream);
      case 'o' ->
          new Opened(
              stream,
              data.readUTF(),
              data.readInt(),
              data.readInt(),
              data.readDouble(),
              data.readDouble(),
              data.readLong());
      case 'd' -> new Decoder(stream, data.readUTF(), data.readUTF());
      case 'p' ->
          new Picture(
              stream,
              data.readLong(),
              data.readLong(),
              data.readDouble(),
              data.readLong(),
              data.readInt(),
              data.readInt(),
              data.readAllBytes());
      case 'e' -> new Ended(stream);
      case 'r' -> new Ready();
      case 'f' -> new Failed(stream, data.readBoolean(), data.readUTF());
      case 'h' -> new Heartbeat(stream, data.readInt(), data.readInt());
      default -> throw new IOException("a decoder message is of no known kind: " + kind);
    };
  }

  private static WantedFrames wanted(DataInputStream data) throws IOException {
    double perSecond = data.readDouble();
    int mode = data.readUnsignedByte();
    if (mode >= WantedFrames.Mode.values().length) {
      throw new IOException("a decoder message asks for frames of no known kind: " + mode);
    }
    return new WantedFrames(perSecond, WantedFrames.Mode.values()[mode]);
  }

  private static Open decodeOpen(DataInputStream data, int stream) throws IOException {
    String url = data.readUTF();
    String demuxer = data.readUTF();
    int count = data.readInt();
    if (count < 0 || count > MAX_OPTIONS) {
      throw new IOException("a decoder message has an impossible number of options: " + count);
    }
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      options.put(data.readUTF(), data.readUTF());
    }
    return new Open(
        stream,
        url,
        demuxer,
        options,
        data.readBoolean(),
        data.readBoolean(),
        wanted(data),
        data.readInt(),
        data.readInt(),
        data.readLong(),
        new HardwareWish(data.readUTF(), data.readUTF()));
  }
}
