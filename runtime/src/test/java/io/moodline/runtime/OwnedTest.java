package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OwnedTest {
  private final List<String> closed = new ArrayList<>();

  @Test
  void closesInReverseOrderOnceAlsoWhenAPartFails() {
    Owned owned = new Owned("the test");
    owned.add(() -> closed.add("first"));
    owned.add(
        () -> {
          throw new IOException("the second is stuck");
        });
    owned.add(() -> closed.add("third"));
    assertThatThrownBy(owned::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the test")
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
    assertThat(closed).containsExactly("third", "first");
    owned.close();
    assertThat(closed).hasSize(2);
  }
}
