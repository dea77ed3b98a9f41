package io.moodline.analyzer;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.global.opencv_objdetect;

/** Loads OpenCV's natives, once, the way this module uses them. Thread-safe. */
final class OpenCv {
  static {
    // JavaCPP refuses allocations when the process's resident memory passes a share of the heap's
    // limit, and counts the broker's mapped log files in. Every native here has an owner instead.
    setUnlessGiven("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    setUnlessGiven("org.bytedeco.javacpp.maxBytes", "0");
    Loader.load(opencv_imgproc.class);
    Loader.load(opencv_imgcodecs.class);
    Loader.load(opencv_objdetect.class);
    // Frames run in parallel, so a frame does not: threads inside would only compete, and the order
    // in which they report would change results.
    opencv_core.setNumThreads(1);
  }

  private OpenCv() {}

  /** Returns when the natives are loaded; the first call takes seconds. */
  static void load() {}

  private static void setUnlessGiven(String key, String value) {
    if (System.getProperty(key) == null) {
      System.setProperty(key, value);
    }
  }
}
