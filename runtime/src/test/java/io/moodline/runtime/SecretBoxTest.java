package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretBoxTest {
  @TempDir Path home;

  @Test
  void opensWhatItSealedWithTheSameKeyForTheSameStreamOnly() {
    Path key = home.resolve("keys/secret.key");
    byte[] sealed = SecretBox.open(key).seal("admin:pa:ss", "lobby");
    assertThat(new String(sealed, StandardCharsets.ISO_8859_1)).doesNotContain("pa:ss");
    assertThat(SecretBox.open(key).unseal(sealed, "lobby")).isEqualTo("admin:pa:ss");
    assertThatThrownBy(() -> SecretBox.open(key).unseal(sealed, "door"))
        .isInstanceOf(UserException.class);
    SecretBox other = SecretBox.open(home.resolve("other.key"));
    assertThatThrownBy(() -> other.unseal(sealed, "lobby"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("lobby")
        .hasMessageContaining("another key");
  }

  @Test
  void derivesTheSameSecretFromTheSameKeyForTheSameUseOnly() {
    SecretBox box = SecretBox.open(home.resolve("a.key"));
    byte[] secret = box.derive("one");
    assertThat(secret).hasSize(32).isEqualTo(SecretBox.open(home.resolve("a.key")).derive("one"));
    assertThat(box.derive("two")).isNotEqualTo(secret);
    assertThat(SecretBox.open(home.resolve("b.key")).derive("one")).isNotEqualTo(secret);
  }

  @Test
  void keepsTheKeyFromOtherUsers() throws Exception {
    Path key = home.resolve("secret.key");
    SecretBox.open(key);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
        .isEqualTo("rw-------");
    try (Stream<Path> files = Files.list(home)) {
      assertThat(files).as("no draft is left").containsExactly(key);
    }
  }

  @Test
  void saysWhatToDoWithAKeyFileThatIsEmptyOrCutOff() throws Exception {
    Path key = Files.createFile(home.resolve("secret.key"));
    assertThatThrownBy(() -> SecretBox.open(key))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(key.toString())
        .hasMessageContaining("empty")
        .hasMessageContaining("remove it");
    Files.write(key, new byte[7]);
    assertThatThrownBy(() -> SecretBox.open(key))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("32 bytes");
    assertThat(Files.size(key)).as("kept as it is").isEqualTo(7);
  }

  @Test
  void allWhoMakeTheKeyAtOnceGetTheSame() throws Exception {
    Path key = home.resolve("secret.key");
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<byte[]>> derived = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        derived.add(threads.submit(() -> SecretBox.open(key).derive("use")));
      }
      for (Future<byte[]> each : derived) {
        assertThat(each.get()).isEqualTo(SecretBox.open(key).derive("use"));
      }
    } finally {
      threads.shutdown();
    }
  }
}
