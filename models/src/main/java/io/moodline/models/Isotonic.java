package io.moodline.models;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * How much is lost as a figure gets better, on the one assumption that it is never more: the means
 * of neighbouring observations, pooled until they fall. Thread-safe.
 */
final class Isotonic {
  /** Fewer make means that are chance. */
  private static final int LEAST_IN_BIN = 40;

  private static final int MOST_BINS = 60;

  /** What was lost where a figure was {@code x}; the higher, the better. */
  record Point(double x, double loss) {}

  /** Some neighbours. */
  private record Bin(double sumX, double sumLoss, int count) {
    Bin with(Point point) {
      return new Bin(sumX + point.x(), sumLoss + point.loss(), count + 1);
    }

    Bin with(Bin other) {
      return new Bin(sumX + other.sumX, sumLoss + other.sumLoss, count + other.count);
    }

    Block block() {
      return new Block(sumX / count, sumX / count, sumLoss, count);
    }
  }

  /**
   * Bins whose losses did not fall by themselves, from the mean of the first to that of the last.
   */
  private record Block(double firstX, double lastX, double sumLoss, int count) {
    double loss() {
      return sumLoss / count;
    }

    Block with(Block next) {
      return new Block(firstX, next.lastX, sumLoss + next.sumLoss, count + next.count);
    }
  }

  private Isotonic() {}

  /**
   * The least figure from which on no more than {@code most} is lost, between the last and the
   * first bin of the blocks on both sides; NaN where that is so everywhere, the highest figure
   * where it is nowhere.
   */
  static double crossing(List<Point> points, double most) {
    List<Block> blocks = falling(bins(points));
    if (blocks.isEmpty() || blocks.get(0).loss() <= most) {
      return Double.NaN;
    }
    for (int i = 1; i < blocks.size(); i++) {
      Block worse = blocks.get(i - 1);
      Block better = blocks.get(i);
      if (better.loss() <= most) {
        double share = (worse.loss() - most) / (worse.loss() - better.loss());
        return worse.lastX() + share * (better.firstX() - worse.lastX());
      }
    }
    return blocks.get(blocks.size() - 1).lastX();
  }

  /** Observations in order, in groups that never part equals. */
  private static List<Block> bins(List<Point> points) {
    List<Point> sorted = new ArrayList<>(points);
    sorted.sort(Comparator.comparingDouble(Point::x));
    int least = Math.max(LEAST_IN_BIN, sorted.size() / MOST_BINS);
    List<Bin> bins = new ArrayList<>();
    Bin open = new Bin(0, 0, 0);
    double before = Double.NaN;
    for (Point point : sorted) {
      if (open.count() >= least && point.x() != before) {
        bins.add(open);
        open = new Bin(0, 0, 0);
      }
      open = open.with(point);
      before = point.x();
    }
    if (open.count() >= least || bins.isEmpty() && open.count() > 0) {
      bins.add(open);
    } else if (open.count() > 0) {
      bins.set(bins.size() - 1, bins.get(bins.size() - 1).with(open));
    }
    return bins.stream().map(Bin::block).toList();
  }

  private static List<Block> falling(List<Block> bins) {
    List<Block> blocks = new ArrayList<>();
    for (Block bin : bins) {
      Block last = bin;
      while (!blocks.isEmpty() && blocks.get(blocks.size() - 1).loss() <= last.loss()) {
        last = blocks.remove(blocks.size() - 1).with(last);
      }
      blocks.add(last);
    }
    return blocks;
  }
}
