package io.moodline.ingest;

import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import io.moodline.schemas.SourceReport;
import io.moodline.schemas.SourceUri;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Looks at a source for a few seconds before a stream is made of it: what it is, how fast it comes,
 * whether its clock makes sense. Decodes in a child of its own, so that no stream is disturbed, and
 * ends within a bounded time. Thread-safe.
 */
public final class SourceProbe {
  /** From the call to the answer; the start of a child is within it. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final Duration LOOK = Duration.ofSeconds(4);
  private static final int ENOUGH_PICTURES = 50;
  private static final double EVERY_PICTURE = 60;
  private static final int SMALLEST_FACE_PIXELS = 40;
  private static final double FACE_METRES = 0.16;
  private static final double LENS_DEGREES = 60;

  private final Settings settings;
  private final SecretBox secrets;
  private final Duration patience;

  public SourceProbe(Settings settings, SecretBox secrets) {
    this(settings, secrets, PATIENCE);
  }

  SourceProbe(Settings settings, SecretBox secrets, Duration patience) {
    this.settings = settings;
    this.secrets = secrets;
    this.patience = patience;
  }

  /**
   * Looks at a source.
   *
   * @param uri with its credentials
   * @throws UserException saying why it can not be read
   */
  public SourceReport probe(SourceUri uri) {
    CompletableFuture<Look> answer = new CompletableFuture<>();
    try (SourceOrders orders =
            new SourceOrders(MediaFolder.open(settings), secrets, Ingest.policy(settings));
        Decoders decoders =
            Ingest.decoders(
                settings, false, (thread, cause) -> answer.completeExceptionally(cause))) {
      DecodeOrder order = orders.order(uri, WantedFrames.rate(EVERY_PICTURE), -1);
      Look look = new Look(answer, order.isLive());
      try (Decoders.Decoding decoding = decoders.open(order, look)) {
        if (!order.isLive()) {
          decoding.grant(ENOUGH_PICTURES);
        }
        return answer
            .get(patience.toMillis(), TimeUnit.MILLISECONDS)
            .report(settings.get(IngestSettings.PICTURE_MAX_WIDTH));
      } catch (TimeoutException e) {
        throw new UserException(
            order.title() + " sent no picture within " + patience.toSeconds() + " s", e);
      }
    } catch (SourceException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UserException known) {
        throw known;
      }
      throw new IllegalStateException("a source could not be probed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException("the source was not probed: interrupted", e);
    }
  }

  /** Collects pictures' times until there are enough, or the source ends. */
  private static final class Look implements DecodeListener {
    private final CompletableFuture<Look> answer;
    private final List<Long> mediaMicros = new ArrayList<>();
    private final List<Long> arrivalNanos = new ArrayList<>();
    private final boolean live;
    private final CaptureClock captureClock = CaptureClock.live();
    private @Nullable SourceInfo info;

    Look(CompletableFuture<Look> answer, boolean live) {
      this.answer = answer;
      this.live = live;
    }

    @Override
    public void opened(SourceInfo opened) {
      info = opened;
    }

    @Override
    public void frame(DecodedFrame frame) {
      mediaMicros.add(frame.mediaTimeMicros());
      arrivalNanos.add(System.nanoTime());
      captureClock.read(frame.mediaTimeMicros(), Instant.now(), frame.captured());
      long looked = arrivalNanos.get(arrivalNanos.size() - 1) - arrivalNanos.get(0);
      if (mediaMicros.size() >= ENOUGH_PICTURES || looked >= LOOK.toNanos()) {
        answer.complete(this);
      }
    }

    @Override
    public void ended() {
      if (mediaMicros.isEmpty()) {
        answer.completeExceptionally(new UserException("the source holds no picture"));
      }
      answer.complete(this);
    }

    @Override
    public void failed(DecodeFailure failure) {
      if (mediaMicros.isEmpty()) {
        answer.completeExceptionally(new UserException(failure.message()));
      }
      answer.complete(this); // a source that breaks later was seen all the same
    }

    SourceReport report(int maxWidth) {
      SourceInfo known = info;
      if (known == null) {
        throw new IllegalStateException("pictures before the source was open");
      }
      double scale = Math.max(1, (double) known.width() / maxWidth);
      int smallest = (int) Math.ceil(SMALLEST_FACE_PIXELS * scale);
      double share = Math.min(1, (double) smallest / known.width());
      double metres = FACE_METRES / share / (2 * Math.tan(Math.toRadians(LENS_DEGREES / 2)));
      ClockCheck clock = new ClockCheck(mediaMicros, arrivalNanos, live);
      return new SourceReport(
          known.codec(),
          known.width(),
          known.height(),
          known.framesPerSecond(),
          clock.framesPerSecond(),
          known.durationMicros().stream()
              .mapToObj(micros -> Duration.of(micros, ChronoUnit.MICROS))
              .findFirst(),
          clock.verdict(),
          live ? captureTime() : Optional.empty(),
          smallest,
          share,
          metres);
    }

    /** As a stream of it would be timed after as long a look. */
    private Optional<SourceReport.CaptureTime> captureTime() {
      return Optional.ofNullable(captureClock.last())
          .map(
              last ->
                  new SourceReport.CaptureTime(
                      last.source(),
                      last.uncertaintyMicros(),
                      last.driftPpm(),
                      last.senderOffsetMicros()));
    }
  }
}
