package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MediaFolderTest {
  @TempDir Path folder;
  private Path media;
  private MediaFolder mediaFolder;

  @BeforeEach
  void setUp() throws Exception {
    mediaFolder = MediaFolder.open(folder.resolve("media"));
    media = mediaFolder.root();
    Files.writeString(folder.resolve("secret.txt"), "secret");
    Files.writeString(media.resolve("talk.mp4"), "video");
    Files.createFile(media.resolve("empty.mp4"));
    Files.createDirectory(media.resolve("sub"));
    Files.createSymbolicLink(media.resolve("inner.mp4"), media.resolve("talk.mp4"));
    Files.createSymbolicLink(media.resolve("outer.mp4"), folder.resolve("secret.txt"));
    Files.createSymbolicLink(media.resolve("up"), folder);
  }

  @Test
  void findsFilesWithinByRelativeAbsoluteAndLinkedPaths() {
    Path talk = media.resolve("talk.mp4");
    assertThat(mediaFolder.find("talk.mp4")).isEqualTo(talk);
    assertThat(mediaFolder.find(talk.toString())).isEqualTo(talk);
    assertThat(mediaFolder.find("sub/../talk.mp4")).isEqualTo(talk);
    assertThat(mediaFolder.find("inner.mp4")).isEqualTo(talk);
  }

  @Test
  void refusesWhatEndsOutside() {
    for (String path :
        new String[] {
          "../secret.txt",
          "outer.mp4",
          "up/secret.txt",
          "/etc/passwd",
          "sub/../../secret.txt",
          "../nothing-here",
          "/proc/self/environ"
        }) {
      assertThatThrownBy(() -> mediaFolder.find(path))
          .as(path)
          .isInstanceOf(UserException.class)
          .hasMessageContaining("outside the media folder");
    }
    assertThatThrownBy(() -> mediaFolder.find("a\0b")).isInstanceOf(UserException.class);
  }

  @Test
  void namesWhatIsMissingEmptyOrNoFile() {
    assertThatThrownBy(() -> mediaFolder.find("none.mp4")).hasMessageContaining("was not found");
    assertThatThrownBy(() -> mediaFolder.find("empty.mp4")).hasMessageContaining("is empty");
    assertThatThrownBy(() -> mediaFolder.find("sub")).hasMessageContaining("not a readable file");
  }

  @Test
  void namesAFileThatIsNoVideo() throws Exception {
    Path text = Files.writeString(media.resolve("text.mp4"), "hello");
    assertThatThrownBy(() -> MediaFolder.container(text))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("text.mp4");
  }
}
