package io.moodline.deploy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The lines of an answer that has no end, given up when none comes for a while: a network that went
 * away says nothing. Confined to one thread.
 */
final class LiveLines implements AutoCloseable {
  private final InputStream body;
  private final BufferedReader lines;
  private final Duration patience;
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "silence");
            thread.setDaemon(true);
            return thread;
          });
  private volatile boolean silent;

  /**
   * Reads an answer.
   *
   * @param body closed with this; closing it must end a read that is waiting, as the JDK's HTTP
   *     client does
   * @param patience how long a line may be awaited
   */
  LiveLines(InputStream body, Duration patience) {
    this.body = body;
    this.lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
    this.patience = patience;
  }

  /**
   * The next line, null at the end.
   *
   * @throws IOException when the connection breaks, or nothing comes in time
   */
  @Nullable String next() throws IOException {
    ScheduledFuture<?> alarm =
        watch.schedule(this::hangUp, patience.toMillis(), TimeUnit.MILLISECONDS);
    try {
      String line = lines.readLine();
      if (line != null || !silent) {
        return line;
      }
    } catch (IOException e) {
      if (!silent) {
        throw e;
      }
    } finally {
      alarm.cancel(false);
    }
    throw new IOException("nothing came for " + patience.toSeconds() + " s");
  }

  private void hangUp() {
    silent = true;
    try {
      body.close();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    watch.shutdownNow();
    body.close();
  }
}
