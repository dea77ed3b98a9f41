package io.moodline.sink;

import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.UserException;
import io.moodline.schemas.Purpose;
import io.moodline.schemas.SourceUri;
import io.moodline.schemas.v1.DesiredState;
import io.moodline.schemas.v1.SamplingMode;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamSpec;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a caller asks of a stream, checked in all that can be checked without opening its source.
 * Confined to the request's thread.
 */
record StreamRequest(
    Optional<String> name,
    SourceUri source,
    Purpose purpose,
    Map<String, String> labels,
    double framesPerSecond,
    Optional<SamplingMode> sampling,
    Optional<String> model,
    Optional<Instant> start,
    DesiredState desiredState,
    boolean showFaces) {

  static final Set<String> FIELDS =
      Set.of(
          "name",
          "source",
          "purpose",
          "labels",
          "framesPerSecond",
          "sampling",
          "model",
          "start",
          "desiredState",
          "showFaces");

  private static final int MAX_LABELS = 32;
  private static final Pattern LABEL_KEY = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._/-]{0,62}");
  // Some cameras take the password in the path; topics and answers would show it there.
  private static final Pattern SECRET_IN_PATH =
      Pattern.compile(
          "(?i).*(pass|pwd|passwd|password|token|secret|auth|api_?key)(%3d|[=:_]).*",
          Pattern.DOTALL);

  static StreamRequest read(JsonBody body, double defaultFramesPerSecond) {
    return of(
        body,
        source(
            body.text("source", 4000)
                .orElseThrow(
                    () ->
                        Problem.unprocessable(
                            "a source is missing: give rtsp://..., http://..., webcam:0, file:... or synthetic:live"))),
        defaultFramesPerSecond);
  }

  static StreamRequest of(JsonBody body, SourceUri source, double defaultFramesPerSecond) {
    return new StreamRequest(
        body.text("name", 200).map(String::strip).filter(name -> !name.isEmpty()),
        source,
        purpose(body),
        labels(body),
        framesPerSecond(body.number("framesPerSecond"), defaultFramesPerSecond),
        sampling(body),
        body.model(),
        body.text("start", 60).map(text -> Times.read("start", text)),
        desiredState(body),
        body.flag("showFaces").orElse(false));
  }

  static SourceUri source(String text) {
    SourceUri source;
    try {
      source = SourceUri.parse(text);
    } catch (IllegalArgumentException e) {
      throw Problem.unprocessable(String.valueOf(e.getMessage()));
    }
    if (source.scheme().isNetwork() && SECRET_IN_PATH.matcher(source.path()).matches()) {
      throw Problem.unprocessable(
          "the source seems to hold a password behind the host, where everyone would see it: write"
              + " "
              + source.scheme().name().toLowerCase(Locale.ROOT)
              + "://user:password@host/path");
    }
    return source;
  }

  private static Purpose purpose(JsonBody body) {
    try {
      return Purpose.parse(body.text("purpose", 100).orElse(null));
    } catch (IllegalArgumentException e) {
      throw Problem.unprocessable(String.valueOf(e.getMessage()));
    }
  }

  private static Map<String, String> labels(JsonBody body) {
    Map<String, String> labels = body.texts("labels");
    if (labels.size() > MAX_LABELS) {
      throw Problem.unprocessable("there are more than " + MAX_LABELS + " labels");
    }
    labels.forEach(
        (key, value) -> {
          if (!LABEL_KEY.matcher(key).matches() || value.length() > 200) {
            throw Problem.unprocessable(
                "a label's key is 1 to 63 letters, digits, '.', '_', '/' or '-', its value at most 200 characters");
          }
        });
    return labels;
  }

  private static double framesPerSecond(OptionalDouble given, double byDefault) {
    double rate = given.orElse(byDefault);
    if (!(rate >= 0.1 && rate <= 60)) {
      throw Problem.unprocessable("framesPerSecond is out of range: give 0.1 to 60");
    }
    return rate;
  }

  private static Optional<SamplingMode> sampling(JsonBody body) {
    return switch (body.text("sampling", 40).orElse(StreamJson.ALL_DUE)) {
      case StreamJson.ALL_DUE -> Optional.empty();
      case "keyframes" -> Optional.of(SamplingMode.KEYFRAMES);
      case "motion" -> Optional.of(SamplingMode.MOTION);
      default ->
          throw Problem.unprocessable("sampling is not known: give rate, keyframes or motion");
    };
  }

  private static DesiredState desiredState(JsonBody body) {
    return body.text("desiredState", 40)
        .map(
            text ->
                switch (text) {
                  case "RUNNING" -> DesiredState.RUNNING;
                  case "PAUSED" -> DesiredState.PAUSED;
                  default ->
                      throw Problem.unprocessable(
                          "desiredState is not known: give RUNNING or PAUSED");
                })
        .orElse(DesiredState.RUNNING);
  }

  /**
   * The spec that this request makes of a stream, or {@code before} itself when nothing changes.
   *
   * @param checked looks into a recording; asked only for a source that is new to the stream
   */
  StreamSpec toSpec(
      String id,
      @Nullable StreamSpec before,
      long revision,
      MediaFolder media,
      RecordingCheck checked,
      SecretBox secrets,
      Clock clock) {
    String shown = shown(media);
    boolean sameSource = before != null && before.getSource().equals(shown);
    if (source.scheme() == SourceUri.Scheme.FILE && !sameSource) {
      check(media, checked);
    }
    ByteBuffer sealed = sealed(id, sameSource ? before : null, secrets);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    StreamSpec.Builder builder =
        StreamSpec.newBuilder()
            .setStreamId(id)
            .setName(name.orElse(id))
            .setLabels(labels)
            .setSource(shown)
            .setSealedCredentials(sealed)
            .setKind(source.isLive() ? StreamKind.LIVE : StreamKind.RECORDING)
            .setStart(start.orElse(null))
            .setTargetFramesPerSecond(framesPerSecond)
            .setSampling(sampling.orElse(null))
            .setModel(model.orElse(null))
            .setPurpose(purpose.word())
            .setDesiredState(desiredState)
            .setShowFaces(showFaces);
    if (before != null) {
      StreamSpec unchanged =
          builder
              .setRevision(before.getRevision())
              .setCreatedAt(before.getCreatedAt())
              .setUpdatedAt(before.getUpdatedAt())
              .build();
      if (unchanged.equals(before)) {
        return before;
      }
    }
    return builder
        .setRevision(revision)
        .setCreatedAt(before == null ? now : before.getCreatedAt())
        .setUpdatedAt(now)
        .build();
  }

  /** The source as it is stored and shown: never where on the server the media folder lies. */
  private String shown(MediaFolder media) {
    try {
      return switch (source.scheme()) {
        case FILE -> "file:" + media.root().relativize(media.find(source.path()));
        case PICTURES ->
            "pictures:"
                + media.root().relativize(media.findFolder(source.path()))
                + source.option("rate").map(rate -> "?rate=" + rate).orElse("");
        default -> source.toString();
      };
    } catch (UserException e) {
      throw Problem.unprocessable(e);
    }
  }

  private void check(MediaFolder media, RecordingCheck checked) {
    try {
      Path file = media.find(source.path());
      MediaFolder.container(file);
      checked.check(file);
    } catch (UserException e) {
      throw Problem.unprocessable(e);
    }
  }

  /** Keeps the sealed bytes where the secret is the same, since sealing twice gives two results. */
  private @Nullable ByteBuffer sealed(
      String id, @Nullable StreamSpec sameSource, SecretBox secrets) {
    ByteBuffer stored = sameSource == null ? null : sameSource.getSealedCredentials();
    if (source.credentials().isEmpty()) {
      return stored;
    }
    String secret = source.credentials().get().reveal();
    if (secret.isEmpty()) {
      return null;
    }
    if (stored != null && secret.equals(unseal(id, stored, secrets))) {
      return stored;
    }
    return ByteBuffer.wrap(secrets.seal(secret, id));
  }

  private static @Nullable String unseal(String id, ByteBuffer stored, SecretBox secrets) {
    byte[] bytes = new byte[stored.remaining()];
    stored.duplicate().get(bytes);
    try {
      return secrets.unseal(bytes, id);
    } catch (UserException e) {
      return null; // sealed with another key: what was just given is sealed anew
    }
  }
}
