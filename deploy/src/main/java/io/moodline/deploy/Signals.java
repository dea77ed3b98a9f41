package io.moodline.deploy;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntConsumer;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Ctrl-C, SIGTERM and a closed terminal, taken before the JVM does: its shutdown runs all hooks at
 * once, and ONNX Runtime's own would take the environment away from sessions that still compute.
 * Thread-safe.
 */
final class Signals implements AutoCloseable {
  private final Map<Signal, SignalHandler> before = new LinkedHashMap<>();

  private Signals() {}

  /**
   * Takes signals over until this is closed.
   *
   * @param action is given the signal's number, on a thread of its own
   */
  static Signals take(IntConsumer action) {
    Signals signals = new Signals();
    for (String name : new String[] {"INT", "TERM", "HUP"}) {
      try {
        Signal signal = new Signal(name);
        signals.before.put(
            signal, Signal.handle(signal, taken -> action.accept(taken.getNumber())));
      } catch (IllegalArgumentException e) {
        continue; // this system has no such signal, or the JVM was told to leave it alone
      }
    }
    return signals;
  }

  /** Leaves signals to whoever had them before. */
  @Override
  public void close() {
    before.forEach(Signal::handle);
  }
}
