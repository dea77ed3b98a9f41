package io.moodline.deploy;

import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The model that a command finds something for and stores it in. Confined to one thread. */
final class StoredModel {
  @Parameters(index = "0", paramLabel = "NAME", description = "Name of the model.")
  String name = "";

  @Option(
      names = "--bundles",
      paramLabel = "DIR",
      description = "Folder that holds the model (default: that of MOODLINE_HOME).")
  @Nullable Path bundles;

  @Option(names = "--dry-run", description = "Print what was found, store nothing.")
  boolean dryRun;

  /**
   * The folder that holds the model.
   *
   * @param what is to be stored, for the error
   * @throws UserException when it could not be stored there
   */
  Path folder(Settings settings, String what) {
    Path folder = bundles == null ? settings.home().resolve("bundles") : bundles;
    if (!dryRun && !Files.isDirectory(folder.resolve(name))) {
      throw new UserException(
          "model "
              + name
              + " is not in "
              + folder
              + ", so its "
              + what
              + " can not be stored: import one of your own, or use --dry-run");
    }
    return folder;
  }
}
