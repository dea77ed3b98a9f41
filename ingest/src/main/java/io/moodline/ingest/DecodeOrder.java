package io.moodline.ingest;

import io.moodline.schemas.SourceUri;
import io.moodline.schemas.VideoContainer;
import java.net.InetAddress;
import java.nio.file.Path;

/** What is to be decoded, checked already: FFmpeg decides nothing about where pixels come from. */
sealed interface DecodeOrder {
  /** Which of its frames are to be taken. */
  WantedFrames wanted();

  /** The source's name in a sentence for people; without credentials or paths into a camera. */
  String title();

  /** What tells the source from others; without credentials. */
  default String key() {
    return title();
  }

  /** Whether frames are taken as they come, rather than as they are granted. */
  default boolean isLive() {
    return true;
  }

  /**
   * A recording.
   *
   * @param file real path within the media folder
   * @param afterMicros media time of the last frame that was published already; -1 for none
   */
  record Recording(Path file, VideoContainer container, WantedFrames wanted, long afterMicros)
      implements DecodeOrder {
    /** Frames at a rate. */
    Recording(Path file, VideoContainer container, double framesPerSecond, long afterMicros) {
      this(file, container, WantedFrames.rate(framesPerSecond), afterMicros);
    }

    @Override
    public String title() {
      return "'" + file.getFileName() + "'";
    }

    @Override
    public String key() {
      return file.toString();
    }

    @Override
    public boolean isLive() {
      return false;
    }
  }

  /**
   * A folder of pictures.
   *
   * @param folder real path within the media folder
   * @param picturesPerSecond how much media time each picture takes
   * @param afterMicros media time of the last frame that was published already; -1 for none
   */
  record Pictures(Path folder, double picturesPerSecond, WantedFrames wanted, long afterMicros)
      implements DecodeOrder {
    /** Frames at a rate. */
    Pictures(Path folder, double picturesPerSecond, double framesPerSecond, long afterMicros) {
      this(folder, picturesPerSecond, WantedFrames.rate(framesPerSecond), afterMicros);
    }

    @Override
    public String title() {
      return "the folder '" + folder.getFileName() + "'";
    }

    @Override
    public String key() {
      return folder.toString();
    }

    @Override
    public boolean isLive() {
      return false;
    }
  }

  /**
   * Drawn pictures.
   *
   * @param uri with the options
   * @param afterMicros media time of the last frame that was published already; -1 for none
   */
  record Synthetic(SourceUri uri, WantedFrames wanted, long afterMicros) implements DecodeOrder {
    /** Frames at a rate. */
    Synthetic(SourceUri uri, double framesPerSecond, long afterMicros) {
      this(uri, WantedFrames.rate(framesPerSecond), afterMicros);
    }

    @Override
    public String title() {
      return uri.toString();
    }

    @Override
    public boolean isLive() {
      return uri.isLive();
    }
  }

  /**
   * A camera in the network.
   *
   * @param uri with its credentials
   * @param address what the host's name was resolved to
   */
  record Network(SourceUri uri, InetAddress address, WantedFrames wanted) implements DecodeOrder {
    /** Frames at a rate. */
    Network(SourceUri uri, InetAddress address, double framesPerSecond) {
      this(uri, address, WantedFrames.rate(framesPerSecond));
    }

    @Override
    public String title() {
      return "the camera at " + uri.host() + ":" + uri.port();
    }

    @Override
    public String key() {
      return uri.toString();
    }
  }

  /**
   * A camera in the network whose bytes come over loopback from a link of this process.
   *
   * @param camera what the link reads
   * @param url where the link waits for the child
   * @param bytes what has passed
   */
  record Linked(Network camera, String url, SourceLink.Ready ready, SourceBytes bytes)
      implements DecodeOrder {
    @Override
    public WantedFrames wanted() {
      return camera.wanted();
    }

    @Override
    public String title() {
      return camera.title();
    }

    @Override
    public String key() {
      return camera.key();
    }
  }

  /**
   * A camera at this machine.
   *
   * @param name as it was given
   * @param device file of the device
   * @param size width x height; empty for the device's own choice
   * @param rate frames per second that the device is asked for; empty for its own choice
   */
  record Webcam(String name, String device, String size, String rate, WantedFrames wanted)
      implements DecodeOrder {
    /** Frames at a rate. */
    Webcam(String name, String device, String size, String rate, double framesPerSecond) {
      this(name, device, size, rate, WantedFrames.rate(framesPerSecond));
    }

    @Override
    public String title() {
      return "webcam:" + name;
    }
  }
}
