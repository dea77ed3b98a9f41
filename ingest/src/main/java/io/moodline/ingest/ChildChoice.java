package io.moodline.ingest;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Which child a source is decoded in. A child is a process of 100 MB and more, so their number
 * follows the machine and not the streams: each takes a few sources, so that its crash harms few,
 * until there are {@code enough} of them; what comes then is spread over those. What comes faster
 * than processes start is spread over those that are ready. Thread-safe.
 *
 * @param enough more children than this come only where all of them are full
 */
record ChildChoice(int enough) {
  /** A native crash costs at most so many sources a second or two, where children are few. */
  static final int FEW = 4;

  /** What a child's heap and native memory are meant for. */
  static final int MOST = 32;

  /**
   * What a child has to do.
   *
   * @param sources how many it decodes
   * @param ready whether it can begin at once
   * @param most 0 where any source may come; else so many, and only those that are kept apart in
   *     groups of that size
   */
  record Load(int sources, boolean ready, int most) {}

  /** What has a load. */
  interface Loaded {
    Load load();
  }

  /** For this machine: two children for each processor, four at least. */
  static ChildChoice ofThisMachine() {
    return new ChildChoice(Math.max(4, 2 * Runtime.getRuntime().availableProcessors()));
  }

  /** A child for a source that is like any other; empty for one that is to be started. */
  <C extends Loaded> Optional<C> shared(List<C> children) {
    List<C> all = children.stream().filter(child -> child.load().most() == 0).toList();
    List<C> busy = all.stream().filter(child -> child.load().sources() > 0).toList();
    boolean mayBeMore = busy.size() < enough;
    List<C> open = mayBeMore ? all : busy; // what is idle else stays in reserve
    Optional<C> found = fullest(open, load -> load.ready() && load.sources() < FEW);
    if (found.isEmpty()) {
      // Sources that come in a burst do not wait for a process while there is room.
      found = emptiest(open, load -> load.ready() && load.sources() < MOST);
    }
    if (found.isEmpty() && mayBeMore) {
      return fullest(open, load -> load.sources() < FEW);
    }
    if (found.isEmpty()) {
      found = emptiest(open, load -> load.sources() < MOST);
    }
    return found.isPresent() ? found : emptiest(all, load -> load.sources() == 0);
  }

  /**
   * A child for a source that is kept apart from all that are not; empty for one to be started.
   *
   * @param most so many sources of its kind may be together; 1 for none beside it
   */
  <C extends Loaded> Optional<C> apart(List<C> children, int most) {
    // One that has none left is about to be ended, and may hang in what it had.
    Optional<C> same =
        fullest(
            children, load -> load.most() == most && load.sources() > 0 && load.sources() < most);
    return same.isPresent()
        ? same
        : emptiest(children, load -> load.most() == 0 && load.sources() == 0);
  }

  private static <C extends Loaded> Optional<C> fullest(List<C> children, Predicate<Load> which) {
    return children.stream()
        .filter(child -> which.test(child.load()))
        .max(Comparator.comparingInt(child -> child.load().sources()));
  }

  /** Of those that are equally empty, one that is ready. */
  private static <C extends Loaded> Optional<C> emptiest(List<C> children, Predicate<Load> which) {
    return children.stream()
        .filter(child -> which.test(child.load()))
        .min(
            Comparator.comparingInt((C child) -> child.load().sources())
                .thenComparing(child -> !child.load().ready()));
  }
}
