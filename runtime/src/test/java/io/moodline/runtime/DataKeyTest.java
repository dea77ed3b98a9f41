package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.runtime.DataKey.BrokenSealException;
import io.moodline.runtime.DataKey.Place;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataKeyTest {
  private static final byte[] PLAIN = "what a face shows".getBytes(StandardCharsets.UTF_8);
  private static final Place PLACE = new Place("frame", "lobby", "run", 7);

  @TempDir Path home;

  private final DataKey key = DataKey.create("lobby");

  @Test
  void opensWhatItSealedForTheSamePlace() throws Exception {
    byte[] sealed = key.seal(PLAIN, PLACE);
    assertThat(sealed).hasSize(12 + PLAIN.length + 16);
    assertThat(new String(sealed, StandardCharsets.ISO_8859_1)).doesNotContain("face");
    assertThat(key.open(ByteBuffer.wrap(sealed), PLACE)).isEqualTo(PLAIN);
    assertThat(key.seal(PLAIN, PLACE)).as("no nonce comes twice").isNotEqualTo(sealed);
  }

  @Test
  void opensNothingThatWasMovedChangedOrCutOff() {
    byte[] sealed = key.seal(PLAIN, PLACE);
    for (Place other :
        new Place[] {
          new Place("faces", "lobby", "run", 7),
          new Place("frame", "door", "run", 7),
          new Place("frame", "lobby", "other", 7),
          new Place("frame", "lobby", "run", 8)
        }) {
      assertBroken(key, sealed, other);
    }
    assertBroken(DataKey.create("lobby"), sealed, PLACE);
    for (int i = 0; i < sealed.length; i++) {
      byte[] changed = sealed.clone();
      changed[i] ^= 1;
      assertBroken(key, changed, PLACE);
      assertBroken(key, Arrays.copyOf(sealed, i), PLACE);
    }
  }

  private static void assertBroken(DataKey key, byte[] sealed, Place place) {
    assertThatThrownBy(() -> key.open(ByteBuffer.wrap(sealed), place))
        .isInstanceOf(BrokenSealException.class);
  }

  @Test
  void isSealedBySecretBoxesForItsStreamAndIdOnly() throws Exception {
    SecretBox box = SecretBox.open(home.resolve("secret.key"));
    byte[] sealed = box.sealKey(key);
    assertThat(sealed).hasSize(60);
    DataKey opened = box.openKey("lobby", key.id(), sealed).orElseThrow();
    assertThat(opened.open(ByteBuffer.wrap(key.seal(PLAIN, PLACE)), PLACE)).isEqualTo(PLAIN);
    assertThat(box.openKey("door", key.id(), sealed)).isEmpty();
    assertThat(box.openKey("lobby", "other", sealed)).isEmpty();
    assertThat(box.openKey("lobby", key.id(), new byte[3])).isEmpty();
    SecretBox other = SecretBox.open(home.resolve("other.key"));
    assertThat(other.openKey("lobby", key.id(), sealed)).isEmpty();
    assertThat(key.toString()).contains("lobby").doesNotContain(Arrays.toString(key.bytes()));
  }
}
