package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccessTokensTest {
  @TempDir Path home;

  @Test
  void knowsATokenUntilItIsRevokedAndKeepsOnlyItsHash() throws Exception {
    Path file = home.resolve("tokens");
    AccessTokens tokens = new AccessTokens(file);
    assertThat(tokens.find("anything")).isEmpty();
    String viewer =
        tokens.create(AccessTokens.Role.VIEWER, "the lobby's screen", Clock.systemUTC());
    String admin = tokens.create(AccessTokens.Role.ADMIN, "", Clock.systemUTC());
    assertThat(viewer).matches("moodline_[0-9a-f]{8}_[0-9a-f]{64}").isNotEqualTo(admin);
    assertThat(Files.readString(file)).doesNotContain(viewer).doesNotContain(admin);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");

    AccessTokens other = new AccessTokens(file);
    assertThat(other.find(admin).orElseThrow().role()).isEqualTo(AccessTokens.Role.ADMIN);
    AccessTokens.Entry entry = other.find(viewer).orElseThrow();
    assertThat(entry.note()).isEqualTo("the lobby's screen");
    assertThat(other.find(viewer.substring(1))).isEmpty();
    assertThat(other.find(entry.hash())).isEmpty();

    assertThat(tokens.revoke("none")).isFalse();
    assertThat(tokens.revoke(entry.id())).isTrue();
    Files.setLastModifiedTime(file, FileTime.fromMillis(1)); // clocks of files may be coarse
    assertThat(other.find(viewer)).as("another process sees it too").isEmpty();
    assertThat(other.find(admin)).isPresent();
  }

  @Test
  void refusesADamagedFileAndAnUnknownRole() throws Exception {
    Path file = home.resolve("tokens");
    Files.writeString(file, "abc viewer 12 2026-11-21T00:00:00Z note\n");
    assertThatThrownBy(() -> new AccessTokens(file).find("x"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("damaged");
    assertThatThrownBy(() -> AccessTokens.Role.of("root"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("viewer, operator or admin");
  }
}
