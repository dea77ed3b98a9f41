package io.moodline.ingest;

import io.moodline.runtime.Failures;
import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.UserException;
import io.moodline.schemas.VideoContainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Looks at a recording before it is accepted: its container, its codec, its first picture. Decodes
 * in a child process, within a bounded time. Thread-safe.
 */
public final class RecordingProbe {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private RecordingProbe() {}

  /**
   * Probes a file.
   *
   * @throws UserException when it is no recording that Moodline can read, with a sentence that
   *     names the file and what is wrong
   */
  public static RecordingInfo probe(Path file) {
    Path real = find(file);
    VideoContainer container = MediaFolder.container(real);
    CompletableFuture<RecordingInfo> answer = new CompletableFuture<>();
    Failures failures = (thread, cause) -> answer.completeExceptionally(cause);
    var order = new DecodeOrder.Recording(real, container, 1, -1);
    var ffmpeg = new FfmpegOrder(DecoderPool.MAX_WIDTH, DecoderPool.JPEG_QUALITY);
    try (DecoderPool pool =
            DecoderPool.start(ffmpeg, DecoderProcess.Patience.USUAL, false, failures);
        Decoders.Decoding decoding = pool.open(order, new FirstPicture(answer))) {
      decoding.grant(1);
      return answer.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new UserException("'" + file.getFileName() + "' takes too long to open", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UserException known) {
        throw known;
      }
      throw new IllegalStateException("a recording could not be probed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException("'" + file.getFileName() + "' was not probed: interrupted", e);
    }
  }

  private static Path find(Path file) {
    try {
      Path real = file.toRealPath();
      if (!Files.isRegularFile(real) || !Files.isReadable(real)) {
        throw new UserException("'" + file + "' is not a readable file");
      }
      if (Files.size(real) == 0) {
        throw new UserException("'" + file + "' is empty");
      }
      return real;
    } catch (IOException e) {
      throw new UserException("'" + file + "' was not found or can not be read", e);
    }
  }

  /** Waits for the first picture, which proves that there is something to analyse. */
  private static final class FirstPicture implements DecodeListener {
    private final CompletableFuture<RecordingInfo> answer;
    private Optional<RecordingInfo> info = Optional.empty();

    FirstPicture(CompletableFuture<RecordingInfo> answer) {
      this.answer = answer;
    }

    @Override
    public void opened(SourceInfo opened) {
      info =
          Optional.of(
              new RecordingInfo(
                  opened.codec(),
                  opened.width(),
                  opened.height(),
                  opened.framesPerSecond(),
                  opened.durationMicros().stream()
                      .mapToObj(micros -> Duration.of(micros, ChronoUnit.MICROS))
                      .findFirst()));
    }

    @Override
    public void frame(DecodedFrame frame) {
      answer.complete(info.orElseThrow());
    }

    @Override
    public void ended() {
      answer.completeExceptionally(new UserException("the recording holds no picture"));
    }

    @Override
    public void failed(DecodeFailure failure) {
      answer.completeExceptionally(new UserException(failure.message()));
    }
  }
}
