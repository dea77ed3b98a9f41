package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.sink.UploadPlaces.Place;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class UploadPlacesTest {
  private static final int RATE = 1000;

  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5_000_000_000L); // it wraps
  private final List<Place> places = new ArrayList<>();
  private final List<Integer> cut = new ArrayList<>();

  private UploadPlaces full(int most, int rate) throws InterruptedException {
    UploadPlaces all = new UploadPlaces(most, rate, Duration.ofSeconds(30), nanos::get);
    for (int i = 0; i < most; i++) {
      int number = i;
      places.add(
          all.take(
              () -> {
                cut.add(number);
                places.get(number).close(); // as its thread does when the connection breaks
              }));
    }
    return all;
  }

  private void pass(int seconds, int... bytesPerSecond) {
    for (int second = 0; second < seconds; second++) {
      nanos.addAndGet(1_000_000_000L);
      for (int i = 0; i < bytesPerSecond.length; i++) {
        places.get(i).received(bytesPerSecond[i]);
      }
    }
  }

  private void assertFull(UploadPlaces all) {
    assertThatThrownBy(() -> all.take(() -> {}))
        .isInstanceOf(Problem.class)
        .hasMessageContaining("uploads already");
  }

  @Test
  void takesThePlaceOfTheOneThatIsFurthestBehind() throws Exception {
    UploadPlaces all = full(3, RATE);
    pass(60, RATE, RATE / 10, RATE / 4);
    assertThat(cut).as("nobody waits").isEmpty();
    all.take(() -> {});
    assertThat(cut).containsExactly(1);
    all.take(() -> {});
    assertThat(cut).containsExactly(1, 2);
    assertFull(all);
  }

  @Test
  void leavesWhoeverKeepsUpOrStopsForAMoment() throws Exception {
    UploadPlaces all = full(2, RATE);
    pass(100, RATE, 1_000_000);
    pass(30, 0, 0);
    assertFull(all);
    pass(1, 0, RATE);
    all.take(() -> {});
    assertThat(cut).as("the one that sent nothing for longer").containsExactly(0);
  }

  @Test
  void aFastBeginningDoesNotPayForWhatComesLater() throws Exception {
    UploadPlaces all = full(1, RATE);
    pass(1, 1_000_000_000);
    pass(31, 0);
    all.take(() -> {});
    assertThat(cut).containsExactly(0);
  }

  @Test
  void cutsNobodyWhoseBytesAreAllHereAndNobodyWithoutARate() throws Exception {
    UploadPlaces all = full(1, RATE);
    places.get(0).complete();
    pass(3600, 0);
    assertFull(all);
    places.clear();
    all = full(1, 0);
    pass(3600, 0);
    assertFull(all);
    assertThat(cut).isEmpty();
  }
}
