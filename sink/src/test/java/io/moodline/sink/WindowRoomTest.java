package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WindowRoomTest {
  private final WindowRoom room = new WindowRoom();
  private final List<String> made = new ArrayList<>();

  /** The largest answer is possible, and several are, but not as many as there are threads. */
  @Test
  void refusesWhatWouldNotFitBesideTheOthers() {
    int large = TimelineParams.MAX_WINDOWS + 1;
    room.hold(
        large,
        () ->
            room.hold(
                large,
                () ->
                    room.hold(
                        large,
                        () -> {
                          refuse(large);
                          room.hold(1000, () -> made.add("small"));
                        })));
    room.hold(large, () -> made.add("large"));
    assertThat(made).containsExactly("small", "large");
  }

  private void refuse(int windows) {
    assertThatThrownBy(() -> room.hold(windows, () -> made.add("none")))
        .isInstanceOfSatisfying(Problem.class, it -> assertThat(it.status()).isEqualTo(503));
  }

  @Test
  void givesRoomBackAfterAFailure() {
    for (int i = 0; i < 100; i++) {
      assertThatThrownBy(
              () ->
                  room.hold(
                      TimelineParams.MAX_WINDOWS,
                      () -> {
                        throw Problem.malformed("no");
                      }))
          .isInstanceOf(Problem.class);
    }
    room.hold(WindowRoom.WINDOWS, () -> made.add("all"));
    assertThat(made).containsExactly("all");
  }
}
