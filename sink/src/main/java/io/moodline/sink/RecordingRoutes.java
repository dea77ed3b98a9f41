package io.moodline.sink;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.runtime.MediaFolder;
import io.moodline.schemas.SourceUri;
import io.moodline.schemas.VideoContainer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lists and removes the recordings that lie in the media folder itself, uploaded or not; what is in
 * folders of it, behind a link, hidden or no video is none of them. One that a registered stream
 * has as its source stays. Thread-safe.
 */
final class RecordingRoutes implements Resource {
  private static final Logger log = LoggerFactory.getLogger(RecordingRoutes.class);

  private final StreamRegistry registry;
  private final MediaFolder media;

  /** A file of the media folder that is a video. */
  private record Recording(Path file, VideoContainer container) {
    String name() {
      return String.valueOf(file.getFileName());
    }
  }

  RecordingRoutes(StreamRegistry registry, MediaFolder media) {
    this.registry = registry;
    this.media = media;
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.get("/api/v1/recordings", Role.OPERATOR, this::list),
        Route.delete("/api/v1/recordings/{name}", Role.OPERATOR, this::remove));
  }

  private void list(Context ctx) throws IOException {
    Page page = Page.read(ctx);
    Map<Path, List<String>> users = users();
    Answers.json(
        ctx,
        200,
        page.of("recordings", after(page), Recording::name, recording -> json(recording, users)));
  }

  /** The recordings behind the page's beginning, as many as the page can tell apart. */
  private List<Recording> after(Page page) throws IOException {
    List<Recording> recordings = new ArrayList<>();
    for (Path file : files()) {
      if (String.valueOf(file.getFileName()).compareTo(page.after()) > 0
          && recordings.size() <= page.limit()) {
        recording(file).ifPresent(recordings::add);
      }
    }
    return recordings;
  }

  private List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(media.root())) {
      all.forEach(files::add);
    }
    files.sort(Comparator.comparing(file -> String.valueOf(file.getFileName())));
    return files;
  }

  private static Optional<Recording> recording(Path file) {
    String name = String.valueOf(file.getFileName());
    if (name.startsWith(".") || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
      return VideoContainer.sniff(in.readNBytes(VideoContainer.HEAD_BYTES))
          .map(container -> new Recording(file, container));
    } catch (IOException e) {
      return Optional.empty(); // gone meanwhile, or not ours to read
    }
  }

  private static ObjectNode json(Recording recording, Map<Path, List<String>> users) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("recording", recording.name())
            .put("source", "file:" + recording.name())
            .put("container", recording.container().name());
    try {
      node.put("bytes", Files.size(recording.file()))
          .put("modifiedAt", Times.show(Files.getLastModifiedTime(recording.file()).toInstant()));
    } catch (IOException e) {
      node.putNull("bytes").putNull("modifiedAt"); // removed a moment ago
    }
    users.getOrDefault(recording.file(), List.of()).forEach(node.putArray("streams")::add);
    return node;
  }

  /** The streams of each file that is a source of any. */
  private Map<Path, List<String>> users() {
    Map<Path, List<String>> users = new HashMap<>();
    for (StreamView stream : registry.all()) {
      file(stream)
          .ifPresent(file -> users.computeIfAbsent(file, it -> new ArrayList<>()).add(stream.id()));
    }
    return users;
  }

  private Optional<Path> file(StreamView stream) {
    try {
      SourceUri source = SourceUri.parse(stream.spec().getSource());
      return source.scheme() == SourceUri.Scheme.FILE
          ? Optional.of(media.root().resolve(source.path()).normalize())
          : Optional.empty();
    } catch (IllegalArgumentException e) { // also of a path that this system does not know
      return Optional.empty();
    }
  }

  private void remove(Context ctx) {
    String name = ctx.pathParam("name");
    Recording recording = find(name).orElseThrow(() -> unknown(name));
    registry.undisturbed(
        () -> {
          List<String> streams = users().getOrDefault(recording.file(), List.of());
          if (!streams.isEmpty()) {
            throw Problem.of(
                409,
                "recording '"
                    + recording.name()
                    + "' is the source of "
                    + String.join(", ", streams.subList(0, Math.min(10, streams.size())))
                    + ": remove the stream or replay first");
          }
          delete(recording);
        });
    log.atInfo().addKeyValue("recording", recording.name()).log("recording removed");
    ctx.status(204);
  }

  private Optional<Recording> find(String name) {
    try {
      Path file = media.root().resolve(name);
      boolean inside = file.equals(file.normalize()) && media.root().equals(file.getParent());
      return inside ? recording(file) : Optional.empty();
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static void delete(Recording recording) {
    try {
      if (!Files.deleteIfExists(recording.file())) {
        throw unknown(recording.name());
      }
    } catch (IOException e) {
      throw Problem.unavailable(
          "the recording can not be removed: " + e.getClass().getSimpleName());
    }
  }

  private static Problem unknown(String name) {
    return Problem.notFound("the media folder itself holds no recording '" + name + "'");
  }
}
