package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.SealedRecords;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.StreamKeys;
import io.moodline.schemas.v1.Frame;
import java.util.ArrayList;
import java.util.List;

/** Opens frames as the analyzer does. */
final class SealedPictures {
  private SealedPictures() {}

  /** The same frames with plain pictures; fails when one was published plain. */
  static List<Frame> opened(KafkaConnection kafka, SecretBox secrets, List<Frame> frames)
      throws Exception {
    List<Frame> opened = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    try (StreamKeys keys =
        StreamKeys.start("test", kafka, secrets, (thread, cause) -> failures.add("" + cause))) {
      for (Frame frame : frames) {
        if (frame.getEndOfRun() != null) {
          opened.add(frame);
          continue;
        }
        assertThat(frame.getKeyId()).as("frame %s is sealed", frame.getSequence()).isNotNull();
        opened.add(SealedRecords.open(frame, keys).orElseThrow());
      }
    }
    assertThat(failures).isEmpty();
    return opened;
  }
}
