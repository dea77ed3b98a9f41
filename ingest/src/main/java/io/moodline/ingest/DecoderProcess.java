package io.moodline.ingest;

import io.moodline.runtime.Failures;
import io.moodline.runtime.Worker;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The owner of one decoder child: starts it, reads its pipe on a thread of its own, watches its
 * signs of life, kills it when it hangs. When the child ends, however it ends, each of its sources
 * is told once. A child never outlives its parent: it ends when its standard input closes.
 * Thread-safe.
 */
final class DecoderProcess implements ChildChoice.Loaded, AutoCloseable {
  /**
   * How long things may take.
   *
   * @param start from the start of the process to its first sign of life
   * @param silence between two signs of life
   * @param call one native call of one source
   * @param linkedCall one native call that has bytes of its link to read
   */
  record Patience(Duration start, Duration silence, Duration call, Duration linkedCall) {
    static final Patience USUAL =
        new Patience(
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            Duration.ofSeconds(15),
            Duration.ofSeconds(5));
  }

  private static final Logger log = LoggerFactory.getLogger(DecoderProcess.class);
  private static final Duration GOODBYE = Duration.ofSeconds(1);
  private static final int LONGEST_LINE = 500;
  private static final int KEYS_KEPT = 1000;

  private final Process process;
  private final OutputStream orders;
  private final Patience patience;
  private final Quarantine quarantine;
  private final long startedNanos = System.nanoTime();
  private final Map<Integer, ChildDecoding> sources = new ConcurrentHashMap<>();
  private final Worker reader;
  private final Worker logReader;
  private volatile int most;
  private volatile boolean heard;
  private volatile boolean ready;
  private volatile boolean warm;
  private volatile boolean ended;
  private volatile long heardNanos = System.nanoTime();
  private volatile @Nullable String killedBecause;
  private volatile @Nullable String guilty;

  /** What tells each source, also when it was closed and its native call goes on. */
  private final Map<Integer, String> keys = new ConcurrentHashMap<>();

  private DecoderProcess(
      String name, Process process, Patience patience, Quarantine quarantine, Failures failures) {
    this.process = process;
    this.quarantine = quarantine;
    this.orders = process.getOutputStream();
    this.patience = patience;
    this.reader = Worker.start(name, this::read, () -> {}, failures);
    this.logReader = Worker.start(name + "-log", this::readLog, () -> {}, failures);
  }

  /**
   * Starts a child.
   *
   * @param name of its threads here
   * @param quarantine told whose child went down
   * @throws IOException when the system does not let it start
   */
  static DecoderProcess start(
      String name, Patience patience, Quarantine quarantine, Failures failures) throws IOException {
    Process process = ChildCommand.builder(List.of()).start();
    log.atDebug().addKeyValue("pid", process.pid()).log("decoder child started");
    return new DecoderProcess(name, process, patience, quarantine, failures);
  }

  long pid() {
    return process.pid();
  }

  /** How many sources it decodes. */
  int sourceCount() {
    return sources.size();
  }

  /** Whether it can take sources. */
  boolean isAlive() {
    return !ended && killedBecause == null;
  }

  @Override
  public ChildChoice.Load load() {
    return new ChildChoice.Load(sourceCount(), ready, most);
  }

  /** Whether it decodes sources that are kept apart from others. */
  boolean isReserved() {
    return most > 0;
  }

  /** Keeps others away from the source that comes next; see {@link ChildChoice.Load}. */
  void reserve(int sources) {
    most = sources;
  }

  /** Whether one of its sources has ever sent anything: then its natives are loaded. */
  boolean hasWorked() {
    return warm;
  }

  void add(int number, ChildDecoding source, DecoderMessage.Open open) {
    sources.put(number, source);
    keys.put(number, source.order().key());
    keys.keySet().removeIf(old -> old < number - KEYS_KEPT && !sources.containsKey(old));
    send(open);
    if (ended && sources.remove(number) != null) {
      // It ended in between, and whoever told its sources may have missed this one. Not from this
      // thread: the listener is not called while its source is being opened.
      Thread late = new Thread(() -> source.childFailed(why()), "ingest-decoder-late");
      late.setDaemon(true);
      late.start();
    }
  }

  void remove(int number) {
    sources.remove(number);
  }

  /** Sends an order; a child that can not take it is about to be found dead by its reader. */
  void send(DecoderMessage order) {
    try {
      synchronized (orders) {
        DecoderMessage.write(orders, order);
        orders.flush();
      }
    } catch (IOException e) {
      log.atDebug().addKeyValue("pid", process.pid()).log("order for a decoder that is gone");
    }
  }

  /** Kills the child if it gives no sign of life; called now and then. */
  void watch() {
    Duration allowed = heard ? patience.silence() : patience.start();
    if (isAlive() && System.nanoTime() - heardNanos > allowed.toNanos()) {
      kill("gave no sign of life and was ended");
    }
  }

  /** Ends the child at once. */
  void kill(String why) {
    if (killedBecause == null) {
      killedBecause = why;
      log.atWarn()
          .addKeyValue("pid", process.pid())
          .addKeyValue("sources", sources.size())
          .addKeyValue("why", why)
          .log("decoder child killed");
    }
    process.destroyForcibly();
  }

  private void read(Worker worker) throws InterruptedException {
    try (InputStream in = new BufferedInputStream(process.getInputStream(), 1 << 16)) {
      while (true) {
        DecoderMessage message = DecoderMessage.read(in);
        heard = true;
        heardNanos = System.nanoTime();
        take(message);
      }
    } catch (EOFException e) {
      log.atDebug().addKeyValue("pid", process.pid()).log("decoder child ended");
    } catch (IOException e) {
      if (!worker.stopping()) {
        kill("broke the protocol and was ended");
      }
    }
    finish();
  }

  private void take(DecoderMessage message) throws IOException {
    if (message instanceof DecoderMessage.Heartbeat beat) {
      ChildDecoding source = sources.get(beat.stream());
      boolean hangs =
          source == null
              ? beat.busyMillis() > patience.call().toMillis() // closed, and does not end
              : source.isHung(beat.busyMillis(), patience);
      if (source != null) {
        source.beat(beat.silentMillis());
      }
      if (hangs) {
        guilty = keys.get(beat.stream());
        kill("hung and was ended");
      }
      return;
    }
    ready = true;
    if (message instanceof DecoderMessage.Ready) {
      return;
    }
    warm = true;
    if (!(message instanceof DecoderMessage.OfSource told) || told.stream() < 0) {
      throw new IOException("a decoder child gives an order");
    }
    ChildDecoding source = sources.get(told.stream());
    if (source != null) {
      source.take(message); // else: it was closed a moment ago
    }
  }

  private void finish() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor();
    ended = true;
    String known = guilty;
    List<ChildDecoding> left = List.copyOf(sources.values());
    quarantine.childDied(
        known == null ? left.stream().map(one -> one.order().key()).toList() : List.of(known));
    for (ChildDecoding source : left) {
      source.childFailed(why());
    }
  }

  private String why() {
    String why = killedBecause;
    if (why != null) {
      return why;
    }
    return process.isAlive() ? "stopped" : "stopped (exit code " + process.exitValue() + ")";
  }

  /** Passes the child's own words on, cut and without what looks like credentials. */
  private void readLog(Worker worker) throws IOException {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
      String line = lines.readLine();
      while (line != null) {
        String cut = line.length() > LONGEST_LINE ? line.substring(0, LONGEST_LINE) : line;
        log.atDebug()
            .addKeyValue("pid", process.pid())
            .addKeyValue("line", cut.replaceAll("//[^\\s]*@", "//***@"))
            .log("decoder child says");
        line = lines.readLine();
      }
    } catch (IOException e) {
      if (process.isAlive()) {
        throw e;
      }
    }
  }

  /** How long ago it was started. */
  Duration age() {
    return Duration.ofNanos(System.nanoTime() - startedNanos);
  }

  /** Ends the child and waits until it is gone; its sources are told, if any are left. */
  @Override
  public void close() {
    try {
      synchronized (orders) {
        orders.close(); // the child ends at the end of its input
      }
    } catch (IOException e) {
      log.atDebug().addKeyValue("pid", process.pid()).log("decoder child was gone already");
    }
    try {
      if (!process.waitFor(GOODBYE.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    reader.close();
    logReader.close();
  }
}
