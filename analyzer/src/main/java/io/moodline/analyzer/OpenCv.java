package io.moodline.analyzer;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.global.opencv_objdetect;

/** Loads OpenCV's natives, once, the way this module uses them. Thread-safe. */
final class OpenCv {
  private static final String LOADS = "org.bytedeco.javacpp.loadlibraries";
  private static final String WINDOWS = "org.bytedeco.opencv.global.opencv_highgui";

  static {
    // JavaCPP refuses allocations when the process's resident memory passes a share of the heap's
    // limit, and counts the broker's mapped log files in. Every native here has an owner instead.
    setUnlessGiven("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    setUnlessGiven("org.bytedeco.javacpp.maxBytes", "0");
    Loader.load(opencv_imgproc.class);
    Loader.load(opencv_imgcodecs.class);
    passOverWindows();
    Loader.load(opencv_objdetect.class);
    // Frames run in parallel, so a frame does not: threads inside would only compete, and the order
    // in which they report would change results.
    opencv_core.setNumThreads(1);
  }

  private OpenCv() {}

  /** Returns when the natives are loaded; the first call takes seconds. */
  static void load() {}

  /**
   * JavaCPP loads OpenCV's windows along with its detectors, which never open one, and windows need
   * GTK 2, which servers and containers have not. A class that is initialised already is not loaded
   * again, so this one is initialised without its library. For that moment nothing of JavaCPP may
   * load in this process, whose only other natives are the annotated copy's, made after an
   * analysis.
   */
  private static void passOverWindows() {
    String given = System.setProperty(LOADS, "false");
    try {
      Class.forName(WINDOWS, true, OpenCv.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("OpenCV's jar has no " + WINDOWS, e);
    } finally {
      if (given == null) {
        System.clearProperty(LOADS);
      } else {
        System.setProperty(LOADS, given);
      }
    }
  }

  private static void setUnlessGiven(String key, String value) {
    if (System.getProperty(key) == null) {
      System.setProperty(key, value);
    }
  }
}
