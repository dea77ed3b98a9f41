package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.ingest.ChildChoice.Load;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ChildChoiceTest {
  private final ChildChoice choice = new ChildChoice(4);
  private final List<Child> children = new ArrayList<>();

  /** A child that is only counted. */
  private static final class Child implements ChildChoice.Loaded {
    private int sources;
    private boolean ready;
    private int most;

    Child(int sources, boolean ready) {
      this.sources = sources;
      this.ready = ready;
    }

    @Override
    public Load load() {
      return new Load(sources, ready, most);
    }
  }

  @Test
  void givesAFewToEachUntilThereAreEnoughAndSpreadsTheRest() {
    for (int i = 0; i < 16; i++) {
      keepReadySpare();
      add();
    }
    assertThat(sources()).containsExactly(4, 4, 4, 4, 0);
    for (int i = 0; i < 20; i++) {
      keepReadySpare();
      add();
    }
    assertThat(sources()).containsExactly(9, 9, 9, 9, 0);
  }

  @Test
  void startsMoreOnlyWhereAllAreFull() {
    for (int i = 0; i < 4 * ChildChoice.MOST + 1; i++) {
      keepReadySpare();
      add();
    }
    assertThat(sources())
        .containsExactly(ChildChoice.MOST, ChildChoice.MOST, ChildChoice.MOST, ChildChoice.MOST, 1);
  }

  @Test
  void makesABurstWaitForNoProcessThatIsStartedFirst() {
    children.add(new Child(4, true));
    children.add(new Child(3, true));
    keepReadySpare();
    for (int i = 0; i < 3 * ChildChoice.MOST - 7; i++) {
      add();
    }
    assertThat(sources()).containsExactly(32, 32, 32); // and none was started
    add();
    assertThat(sources()).containsExactly(32, 32, 32, 1);
    assertThat(children.get(3).ready).isFalse();
  }

  @Test
  void takesAllThatFellIntoThoseThatLive() {
    for (int i = 0; i < 60; i++) {
      keepReadySpare();
      add();
    }
    assertThat(sources()).containsExactly(15, 15, 15, 15, 0);
    children.remove(0);
    for (int i = 0; i < 15; i++) {
      add();
    }
    assertThat(sources()).containsExactly(15, 15, 15, 15);
  }

  @Test
  void givesTheFirstSourceToTheChildThatIsStillStarting() {
    children.add(new Child(0, false));
    add();
    add();
    assertThat(sources()).containsExactly(2);
  }

  @Test
  void keepsSuspectsApartInTheirGroups() {
    children.add(new Child(3, true));
    children.add(new Child(0, true));
    for (int i = 0; i < 3; i++) {
      addApart(2);
    }
    addApart(1);
    assertThat(sources()).containsExactly(3, 2, 1, 1);
    add();
    add();
    assertThat(sources()).containsExactly(5, 2, 1, 1); // and not beside one of them
    children.get(3).sources = 0;
    addApart(1);
    assertThat(sources()).containsExactly(5, 2, 1, 0, 1); // nor where one may hang
  }

  private void keepReadySpare() {
    if (children.stream().noneMatch(child -> child.sources == 0)) {
      children.add(new Child(0, true));
    }
  }

  private void add() {
    started(choice.shared(children)).sources++;
  }

  private void addApart(int most) {
    Child child = started(choice.apart(children, most));
    child.most = most;
    child.sources++;
  }

  private Child started(Optional<Child> found) {
    return found.orElseGet(
        () -> {
          Child started = new Child(0, false);
          children.add(started);
          return started;
        });
  }

  private List<Integer> sources() {
    return children.stream().map(child -> child.sources).toList();
  }
}
