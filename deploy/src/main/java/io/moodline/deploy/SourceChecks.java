package io.moodline.deploy;

import io.moodline.analyzer.Analyzer;
import io.moodline.ingest.RecordingProbe;
import io.moodline.models.Bundles;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import io.moodline.sink.RecordingCheck;
import java.nio.file.Path;

/**
 * What the API looks at before it takes a stream: whether a recording can be decoded, and whether a
 * model is there and the detector finds what it needs. Thread-safe.
 *
 * @param analyses whether this process analyses and so has the models; another takes every name
 */
record SourceChecks(Settings settings, boolean analyses) implements RecordingCheck {
  @Override
  public void check(Path file) {
    RecordingProbe.probe(file);
  }

  @Override
  public void checkModel(String name) {
    if (!analyses) {
      return;
    }
    var names = new Bundles(settings.home().resolve("bundles")).names();
    if (!names.contains(name)) {
      throw new UserException(
          "model '" + name + "' is not installed: there are " + String.join(", ", names));
    }
    Analyzer.checkModel(settings, name);
  }
}
