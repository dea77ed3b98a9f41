package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.bytedeco.opencv.global.opencv_core;
import org.junit.jupiter.api.Test;

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

  private static String place(Class<?> type) throws Exception {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
  }
}
