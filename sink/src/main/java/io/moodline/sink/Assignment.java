package io.moodline.sink;

import java.util.Arrays;

/**
 * Pairs rows with columns so that the sum of the pairs' gains is the largest there is, by shortest
 * augmenting paths (the Hungarian method), O(rows² · columns). Thread-safe.
 */
final class Assignment {
  /** Stands for no partner. */
  static final int NONE = -1;

  private Assignment() {}

  /**
   * Finds the best pairs. A row may go without a partner, which gains nothing.
   *
   * @param gains by row and column, 0 or more
   * @param least pairs that gain less are not made
   * @return for each row its column, or {@link #NONE}
   */
  static int[] best(double[][] gains, double least) {
    int rows = gains.length;
    int columns = rows == 0 ? 0 : gains[0].length;
    // Each row has a column of its own behind the real ones, at no gain.
    double[][] costs = new double[rows][columns + rows];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        double gain = gains[row][column];
        costs[row][column] = gain < least ? 0 : -gain;
      }
    }
    int[] partners = cheapest(costs, rows, columns + rows);
    for (int row = 0; row < rows; row++) {
      boolean real = partners[row] < columns && gains[row][partners[row]] >= least;
      partners[row] = real ? partners[row] : NONE;
    }
    return partners;
  }

  /** The cheapest full assignment of rows to columns; no fewer columns than rows. */
  private static int[] cheapest(double[][] costs, int rows, int columns) {
    // Potentials and partners are counted from 1; 0 stands for the row that is being placed.
    double[] rowPotential = new double[rows + 1];
    double[] columnPotential = new double[columns + 1];
    int[] rowOf = new int[columns + 1];
    int[] cameFrom = new int[columns + 1];
    for (int row = 1; row <= rows; row++) {
      rowOf[0] = row;
      int column = 0;
      double[] slack = new double[columns + 1];
      Arrays.fill(slack, Double.POSITIVE_INFINITY);
      boolean[] used = new boolean[columns + 1];
      do {
        used[column] = true;
        int next = 0;
        double delta = Double.POSITIVE_INFINITY;
        for (int j = 1; j <= columns; j++) {
          if (!used[j]) {
            int at = rowOf[column];
            double cost = costs[at - 1][j - 1] - rowPotential[at] - columnPotential[j];
            if (cost < slack[j]) {
              slack[j] = cost;
              cameFrom[j] = column;
            }
            if (slack[j] < delta) {
              delta = slack[j];
              next = j;
            }
          }
        }
        for (int j = 0; j <= columns; j++) {
          if (used[j]) {
            rowPotential[rowOf[j]] += delta;
            columnPotential[j] -= delta;
          } else {
            slack[j] -= delta;
          }
        }
        column = next;
      } while (rowOf[column] != 0);
      while (column != 0) {
        rowOf[column] = rowOf[cameFrom[column]];
        column = cameFrom[column];
      }
    }
    int[] partners = new int[rows];
    for (int j = 1; j <= columns; j++) {
      if (rowOf[j] != 0) {
        partners[rowOf[j] - 1] = j - 1;
      }
    }
    return partners;
  }
}
