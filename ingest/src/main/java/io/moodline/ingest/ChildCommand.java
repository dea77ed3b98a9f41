package io.moodline.ingest;

import io.moodline.runtime.Worker;
import io.moodline.schemas.SourceUri;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecordBase;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacv.FrameConverter;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.opencv.global.opencv_core;

/** How a decoder child is started. Thread-safe. */
final class ChildCommand {
  private static final String CACHE_PROPERTY = "org.bytedeco.javacpp.cachedir";

  /** What a child is left of the environment: the second line finds hardware's drivers. */
  private static final Set<String> ENVIRONMENT =
      Set.of(
          "PATH",
          "HOME",
          "TMPDIR",
          "LANG",
          "SystemRoot",
          "TEMP", //
          "LD_LIBRARY_PATH",
          "CUDA_VISIBLE_DEVICES",
          "LIBVA_DRIVER_NAME",
          "LIBVA_DRIVERS_PATH");

  /** One class of each jar that a child needs; natives lie in jars whose names begin the same. */
  private static final List<Class<?>> NEEDED =
      List.of(
          DecoderMain.class,
          Worker.class,
          SourceUri.class,
          SpecificRecordBase.class,
          Loader.class,
          FrameConverter.class,
          avutil.class,
          openblas.class,
          opencv_core.class);

  private ChildCommand() {}

  /** A child that is not started yet. */
  static ProcessBuilder builder(List<String> arguments) {
    List<String> command = command();
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    // Settings may hold secrets, and natives need next to nothing of the environment.
    builder.environment().keySet().retainAll(ENVIRONMENT);
    return builder;
  }

  private static List<String> command() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xms64m",
            "-Xmx1g", // for as many drawn streams as a child may get
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-XX:+ExitOnOutOfMemoryError",
            "-Djava.awt.headless=true",
            "-Dorg.bytedeco.javacpp.maxPhysicalBytes=4g",
            "--enable-native-access=ALL-UNNAMED"));
    String cache = System.getProperty(CACHE_PROPERTY);
    if (cache != null) {
      command.add("-D" + CACHE_PROPERTY + "=" + cache);
    }
    command.addAll(
        List.of(
            "-cp", classPath(System.getProperty("java.class.path")), DecoderMain.class.getName()));
    return command;
  }

  /**
   * What a child needs of a class path. JavaCPP looks for each of OpenCV's many optional libraries
   * in every jar there is: with all of them a start takes half as much again.
   *
   * @return all of it where something that is needed does not stand in it by its own name
   */
  static String classPath(String whole) {
    List<String> entries = Arrays.asList(whole.split(File.pathSeparator));
    List<String> stems = new ArrayList<>();
    for (Class<?> needed : NEEDED) {
      Optional<String> place = place(needed).filter(entries::contains);
      if (place.isEmpty()) {
        return whole;
      }
      stems.add(place.get().replaceFirst("\\.jar$", ""));
    }
    Stream<String> kept =
        entries.stream().filter(entry -> stems.stream().anyMatch(entry::startsWith));
    return String.join(File.pathSeparator, kept.toList());
  }

  private static Optional<String> place(Class<?> type) {
    CodeSource source = type.getProtectionDomain().getCodeSource();
    if (source == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(Path.of(source.getLocation().toURI()).toString());
    } catch (URISyntaxException | IllegalArgumentException e) {
      return Optional.empty(); // not a file
    }
  }
}
