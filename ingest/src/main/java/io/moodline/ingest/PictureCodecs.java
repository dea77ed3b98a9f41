package io.moodline.ingest;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiPredicate;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avutil;
import org.jspecify.annotations.Nullable;

/**
 * What decodes a source: software, or hardware where that was asked for and works. Where the choice
 * is left to it, both decode the source's first pictures, software's are used, and what they take
 * decides. Hardware that fails is replaced by software at the next key frame: no stream ends for
 * it. Owns native memory. Confined to the source's thread.
 */
final class PictureCodecs implements AutoCloseable {
  /** Pictures that are decoded twice: two seconds of most cameras. */
  static final int TRIAL_PICTURES = 50;

  private final PictureCodec.Setup setup;
  private PictureCodec used;

  /** Hardware while it is tried beside software. */
  private @Nullable PictureCodec tried;

  /** Hardware's name while it is used and has not shown a picture yet, or is tried. */
  private String hopeful = "";

  private BiPredicate<CodecCost, CodecCost> better = (other, software) -> false;
  private DecodedBy told;
  private boolean news = true;

  private PictureCodecs(PictureCodec.Setup setup, PictureCodec used, DecodedBy told) {
    this.setup = setup;
    this.used = used;
    this.told = told;
  }

  /**
   * Opens what is wished for, else software.
   *
   * @param stepNanos from one of the source's pictures to the next
   * @throws SourceException when not even software can decode it
   */
  static PictureCodecs open(PictureCodec.Setup setup, HardwareWish wish, long stepNanos)
      throws SourceException {
    if (wish.name().isEmpty()) {
      return software(setup, wish.whySoftware());
    }
    if (setup.keysOnly()) {
      return software(setup, "key frames alone cost little");
    }
    boolean choose = wish.name().equals(HardwareWish.AUTO);
    List<String> names = choose ? HardwareDevices.names() : List.of(wish.name());
    List<String> problems = new ArrayList<>();
    for (String name : names) {
      HardwareDevices.Device device = HardwareDevices.open(name);
      String problem = device.problem(setup.decoder(), setup.codecName());
      PictureCodec codec = problem.isEmpty() ? PictureCodec.hardware(setup, device) : null;
      if (codec == null) {
        problems.add(name + ": " + (problem.isEmpty() ? "its decoder does not open" : problem));
      } else if (choose) {
        return tried(setup, codec, name, (it, software) -> it.isBetterThan(software, stepNanos));
      } else {
        return asked(setup, codec, name);
      }
    }
    return software(setup, String.join("; ", problems));
  }

  private static PictureCodecs software(PictureCodec.Setup setup, String why)
      throws SourceException {
    return new PictureCodecs(setup, openSoftware(setup), DecodedBy.software(why));
  }

  /**
   * Software, with another beside it that may take over.
   *
   * @param better whether the other's cost, which is given first, is better than software's
   */
  static PictureCodecs tried(
      PictureCodec.Setup setup,
      PictureCodec other,
      String name,
      BiPredicate<CodecCost, CodecCost> better)
      throws SourceException {
    try {
      PictureCodecs codecs = software(setup, name + " is being measured");
      var threads = ManagementFactory.getThreadMXBean();
      codecs.used.measure(threads::getCurrentThreadCpuTime);
      other.measure(threads::getCurrentThreadCpuTime);
      codecs.tried = other;
      codecs.hopeful = name;
      codecs.better = better;
      return codecs;
    } catch (SourceException e) {
      other.close();
      throw e;
    }
  }

  /** Another that is used at once, and has yet to show that it works. */
  static PictureCodecs asked(PictureCodec.Setup setup, PictureCodec other, String name) {
    PictureCodecs codecs = new PictureCodecs(setup, other, new DecodedBy(name, "asked for"));
    codecs.hopeful = name;
    codecs.news = false; // it has to show a picture first
    return codecs;
  }

  private static PictureCodec openSoftware(PictureCodec.Setup setup) throws SourceException {
    PictureCodec codec = PictureCodec.software(setup);
    if (codec == null) {
      throw new SourceException(
          "has video whose codec " + setup.codecName() + " can not be opened", false);
    }
    return codec;
  }

  /** Takes a packet, or the end of all packets. */
  void send(@Nullable AVPacket data) {
    used.send(data);
    PictureCodec other = tried;
    if (other != null) {
      other.send(data);
      while (other.receive() >= 0) {
        // Not looked at: it is software's pictures that are used meanwhile.
      }
    }
  }

  /**
   * Goes to the next picture.
   *
   * @return negative where there is none, as FFmpeg says it
   */
  int receive() throws SourceException {
    int code = used.receive();
    if (!used.problem().isEmpty()) {
      fallBack();
      return avutil.AVERROR_EAGAIN();
    }
    if (code >= 0 && tried == null && !hopeful.isEmpty()) {
      hopeful = "";
      news = true;
    } else if (code == avutil.AVERROR_EAGAIN() && tried != null) {
      judge(tried);
    }
    return code;
  }

  private void fallBack() throws SourceException {
    String why = told.decoder() + ": " + used.problem();
    PictureCodec software = openSoftware(setup);
    used.close();
    used = software;
    hopeful = "";
    tell(DecodedBy.software(why));
  }

  /** Between two packets: both have given all pictures that they can. */
  private void judge(PictureCodec other) {
    if (!other.problem().isEmpty()) {
      end(other, hopeful + ": " + other.problem());
    } else if (used.pictures() >= TRIAL_PICTURES) {
      if (other.pictures() == used.pictures()) {
        decide(other);
      } else if (used.pictures() >= 2 * TRIAL_PICTURES) {
        end(
            other,
            String.format(
                Locale.ROOT,
                "%s gave %d pictures where software gave %d",
                hopeful,
                other.pictures(),
                used.pictures()));
      }
    }
  }

  private void decide(PictureCodec other) {
    CodecCost software = used.cost();
    CodecCost hardware = other.cost();
    String measured =
        String.format(
            Locale.ROOT,
            "a picture took %s %s, software %s",
            hopeful,
            hardware.text(),
            software.text());
    if (!better.test(hardware, software)) {
      end(other, measured);
      return;
    }
    // It has been given the same packets and has shown the same pictures: none is lost or doubled.
    used.close();
    used = other;
    tried = null;
    tell(new DecodedBy(hopeful, measured));
    hopeful = "";
  }

  private void end(PictureCodec other, String why) {
    other.close();
    tried = null;
    hopeful = "";
    tell(DecodedBy.software(why));
  }

  private void tell(DecodedBy now) {
    told = now;
    news = true;
  }

  /** What decodes the source, once each time that it is known or has changed. */
  Optional<DecodedBy> news() {
    if (!news) {
      return Optional.empty();
    }
    news = false;
    return Optional.of(told);
  }

  /** The picture that {@link #receive} went to; it changes with the next call. */
  AVFrame picture() {
    return used.picture();
  }

  /** Forgets what was given: what comes next stands by itself. */
  void flush() {
    used.flush();
  }

  @Override
  public void close() {
    if (tried != null) {
      tried.close();
      tried = null;
    }
    used.close();
  }
}
