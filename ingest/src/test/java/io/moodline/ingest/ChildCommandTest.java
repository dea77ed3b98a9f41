package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.bytedeco.opencv.global.opencv_core;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildCommandTest {
  private static final String WHOLE = System.getProperty("java.class.path");

  @Test
  void leavesOutWhatAChildDoesNotNeed() throws Exception {
    List<String> kept = Arrays.asList(ChildCommand.classPath(WHOLE).split(File.pathSeparator));
    assertThat(kept).contains(place(DecoderMain.class), place(SpecificRecordBase.class));
    assertThat(kept).doesNotContain(place(KafkaConsumer.class));
    // the classes and, beside them, the natives of this platform
    String opencv = place(opencv_core.class).replaceFirst("\\.jar$", "");
    assertThat(kept).filteredOn(entry -> entry.startsWith(opencv)).hasSizeGreaterThan(1);
  }

  @Test
  void keepsAllOfAPathThatItDoesNotUnderstand() {
    assertThat(ChildCommand.classPath("all-in-one.jar")).isEqualTo("all-in-one.jar");
  }

  @Test
  void aChildNeedsNoDesktop(@TempDir Path folder) throws Exception {
    // Found before the one that this machine may have, and no library.
    Files.writeString(folder.resolve("libxcb.so.1"), "none");
    Path said = folder.resolve("said");
    ProcessBuilder builder = ChildCommand.builder(List.of(DecoderMain.LIST_HARDWARE));
    builder.environment().put("LD_LIBRARY_PATH", folder.toString());
    Process child = builder.redirectErrorStream(true).redirectOutput(said.toFile()).start();
    try {
      assertThat(child.waitFor(5, TimeUnit.MINUTES)).isTrue();
    } finally {
      child.destroyForcibly();
    }
    assertThat(child.exitValue()).as(Files.readString(said)).isZero();
    assertThat(said).content().contains("no webcams: ");
  }

  private static String place(Class<?> type) throws Exception {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
  }
}
