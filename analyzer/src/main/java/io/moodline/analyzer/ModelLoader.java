package io.moodline.analyzer;

import io.moodline.models.BundleException;
import io.moodline.models.Bundles;
import io.moodline.models.Devices;
import io.moodline.runtime.UserException;

/** Makes models of bundles, which takes seconds, or minutes on a GPU. Thread-safe. */
@FunctionalInterface
interface ModelLoader {
  /**
   * Reads, checks and opens the bundle of that name; the caller owns the model.
   *
   * @throws BundleException when it can not be used
   */
  Model load(String name);

  /**
   * The same, where too little memory is one more reason to refuse the bundle: what was begun is
   * closed or garbage by then.
   */
  default Model loadInMemory(String name) {
    try {
      return load(name);
    } catch (OutOfMemoryError e) {
      throw new BundleException(
          "model "
              + name
              + " can not be opened for lack of memory ("
              + e.getMessage()
              + "); give Java more, for example MOODLINE_JAVA_OPTS=-Xmx2g, or take a smaller model",
          e);
    }
  }

  /**
   * The model that the settings name.
   *
   * @throws UserException when it can not be used
   */
  default Model loadAsSet(String name) {
    try {
      return loadInMemory(name);
    } catch (BundleException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Those for a detector and a device. */
  static ModelLoader of(Bundles bundles, String detector, Devices devices) {
    return name -> {
      FaceCropper.of(bundles.outline(name), detector); // before some hundred megabytes are read
      return Model.open(bundles.resolve(name), detector, devices);
    };
  }
}
