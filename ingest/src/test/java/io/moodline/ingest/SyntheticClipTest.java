package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SyntheticClipTest {
  @TempDir Path folder;

  @Test
  void writesTheSameBytesAgain() throws IOException {
    SyntheticClip clip = Clips.numbered(1);
    clip.write(folder.resolve("a.mp4"));
    clip.write(folder.resolve("b.mp4"));
    assertThat(folder.resolve("a.mp4")).hasSameBinaryContentAs(folder.resolve("b.mp4"));
    assertThat(Files.size(folder.resolve("a.mp4"))).isGreaterThan(5_000);
  }

  @Test
  void burnsTheNumberOfEachFrameIn() throws IOException {
    SyntheticClip clip = Clips.numbered(2);
    List<Integer> numbers = new ArrayList<>();
    clip.drawAll(canvas -> numbers.add(clip.numberOn(canvas)));
    assertThat(numbers).hasSize(50);
    for (int i = 0; i < 50; i++) {
      assertThat(numbers.get(i)).isEqualTo(i);
    }
  }

  @Test
  void knowsHowManyFacesTheSampleShows() {
    SyntheticClip sample = SampleRecording.CLIP;
    assertThat(sample.frameCount()).isEqualTo(750);
    int[] faces = {0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 2, 2, 2, 2, 2, 2, 0, 0, 1, 1, 1, 1, 1, 1};
    for (int second = 0; second < faces.length; second++) {
      assertThat(sample.faceCountAt(second + 0.5)).as("at %d s", second).isEqualTo(faces[second]);
    }
    assertThat(sample.faceCountAt(29)).isZero();
  }
}
