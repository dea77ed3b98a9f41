package io.moodline.ingest;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.ffmpeg.global.avdevice;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.opencv.global.opencv_imgcodecs;

/**
 * The decoder child: the same program in another role, started by {@link DecoderProcess}. It knows
 * no Kafka and no settings: orders come in through standard input, frames go out through standard
 * output, and it ends when its input closes, so that it never outlives its parent.
 *
 * <p>One thread a source, one for the orders, one for signs of life.
 */
public final class DecoderMain {
  /** The only argument there is: to say which hardware there is, and end. */
  static final String LIST_HARDWARE = "hardware";

  private static final long HEARTBEAT_MILLIS = 250;

  /** Room for each plane of the largest picture, and for the index of a day of video. */
  private static final long LARGEST_ALLOCATION_BYTES = 64L << 20;

  private final OutputStream out;
  private final Map<Integer, SourceThread> sources = new ConcurrentHashMap<>();

  private DecoderMain(OutputStream out) {
    this.out = out;
  }

  /** Runs until standard input closes. */
  public static void main(String[] args) {
    // First of all: whoever prints, natives' Java code included, must not print into the frames.
    OutputStream frames =
        new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16);
    System.setOut(System.err);
    int code = 0;
    try {
      if (args.length == 1 && args[0].equals(LIST_HARDWARE)) {
        listHardware(frames);
        Runtime.getRuntime().halt(0);
      }
      new DecoderMain(frames).run(new BufferedInputStream(System.in));
    } catch (IOException | RuntimeException | Error e) {
      System.err.println("decoder child ends: " + e);
      code = 1;
    }
    // halt, not exit: a thread may hang in native code, and there is nothing to save.
    Runtime.getRuntime().halt(code);
  }

  /** A line for each kind, at once: the next one may bring the process down. */
  private static void listHardware(OutputStream out) throws IOException {
    loadNatives();
    for (String name : HardwareDevices.names()) {
      String line = name + "\t" + HardwareDevices.open(name).problem() + "\n";
      out.write(line.getBytes(StandardCharsets.UTF_8));
      out.flush();
    }
  }

  private void run(InputStream orders) throws IOException {
    Thread heart = new Thread(this::beat, "heartbeat");
    heart.setDaemon(true);
    heart.start();
    loadNatives();
    send(List.of(new DecoderMessage.Ready()));
    while (true) {
      DecoderMessage order;
      try {
        order = DecoderMessage.read(orders);
      } catch (EOFException e) {
        return; // the parent is gone or wants no more
      }
      obey(order);
    }
  }

  private static void loadNatives() {
    Loader.load(avformat.class);
    Loader.load(opencv_imgcodecs.class);
    // FFmpeg's own words can hold addresses with passwords: only what is fatal is printed.
    avutil.av_log_set_level(avutil.AV_LOG_FATAL);
    // A picture of 10,000 x 10,000 is refused, but FFmpeg decodes some to find out what they are.
    avutil.av_max_alloc(LARGEST_ALLOCATION_BYTES);
    registerDevices();
  }

  /**
   * FFmpeg's devices, of which only webcams are used, need libraries of a desktop (X11, ALSA,
   * PulseAudio). Servers and containers have not got them, and get by without webcams.
   */
  private static void registerDevices() {
    try {
      avdevice.avdevice_register_all();
    } catch (UnsatisfiedLinkError e) {
      System.err.println("no webcams: " + e.getMessage());
    }
  }

  private void obey(DecoderMessage order) throws IOException {
    if (order instanceof DecoderMessage.Open open) {
      SourceThread source = new SourceThread(open, told -> send(List.of(told)), sources::remove);
      sources.put(open.stream(), source);
      source.start();
    } else if (order instanceof DecoderMessage.Grant grant) {
      SourceThread source = sources.get(grant.stream());
      if (source != null) {
        source.grant(grant.frames());
      }
    } else if (order instanceof DecoderMessage.Close close) {
      SourceThread source = sources.get(close.stream());
      if (source != null) {
        source.close(); // it takes itself out when its native call has ended
      }
    } else {
      throw new IOException("no order for a decoder: " + order.getClass().getSimpleName());
    }
  }

  private void beat() {
    try {
      while (true) {
        List<DecoderMessage> signs = new ArrayList<>();
        signs.add(new DecoderMessage.Heartbeat(-1, 0, 0));
        sources.forEach(
            (number, thread) ->
                signs.add(
                    new DecoderMessage.Heartbeat(
                        number, thread.busyMillis(), thread.silentMillis())));
        send(signs);
        Thread.sleep(HEARTBEAT_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void send(List<DecoderMessage> messages) {
    try {
      synchronized (out) {
        for (DecoderMessage message : messages) {
          DecoderMessage.write(out, message);
        }
        out.flush();
      }
    } catch (IOException e) {
      System.err.println("decoder child's parent is gone");
      Runtime.getRuntime().halt(1);
    }
  }
}
