package io.moodline.analyzer;

import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;

/** Models that open when a test says so. */
final class SlowModels {
  private SlowModels() {}

  /** The real loader, which waits for {@code open} before it loads the bundle of that name. */
  static UnaryOperator<ModelLoader> waitFor(CountDownLatch open, String bundle) {
    return loader ->
        name -> {
          if (name.equals(bundle)) {
            await(open);
          }
          return loader.load(name);
        };
  }

  /** Waits until the latch opens, or for an interrupt. */
  static void await(CountDownLatch latch) {
    try {
      latch.await(); // ends with the test: an analyzer that stops interrupts it
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The same for a thread that is interrupted meanwhile. */
  static void awaitInAnyCase(CountDownLatch latch) {
    boolean interrupted = false;
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
