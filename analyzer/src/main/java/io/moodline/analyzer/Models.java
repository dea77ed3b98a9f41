package io.moodline.analyzer;

import io.moodline.models.Bundle;
import io.moodline.models.BundleException;
import io.moodline.models.Bundles;
import io.moodline.models.Devices;
import io.moodline.runtime.UserException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models that streams ask for by name, opened when first asked for and kept. A name that can
 * not be opened is not tried again for a while, since frames ask many times a second. Owns the
 * models. Confined to one thread.
 */
final class Models implements AutoCloseable {
  private static final Duration BEFORE_NEXT_TRY = Duration.ofSeconds(30);

  /** Names come from a topic, so what is remembered of wrong ones is bounded. */
  private static final int MOST_REFUSED = 100;

  private static final Logger log = LoggerFactory.getLogger(Models.class);

  private final Bundles bundles;
  private final String defaultName;
  private final String detector;
  private final Devices devices;
  private final Clock clock;
  private final Map<String, Model> open = new HashMap<>();
  private final Map<String, Instant> refused =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Instant> eldest) {
          return size() > MOST_REFUSED;
        }
      };

  private Models(
      Bundles bundles, String defaultName, String detector, Devices devices, Clock clock) {
    this.bundles = bundles;
    this.defaultName = defaultName;
    this.detector = detector;
    this.devices = devices;
    this.clock = clock;
  }

  /**
   * Opens the default model.
   *
   * @throws UserException when it can not be used
   */
  static Models open(
      Bundles bundles, String defaultName, String detector, Devices devices, Clock clock) {
    Models models = new Models(bundles, defaultName, detector, devices, clock);
    try {
      models.open.put(defaultName, models.load(defaultName));
      return models;
    } catch (BundleException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    }
  }

  /** The model of that name, the default for null; null when it can not be used. */
  @Nullable Model get(@Nullable String asked) {
    String name = asked == null ? defaultName : asked;
    Model model = open.get(name);
    if (model != null) {
      return model;
    }
    Instant triedAt = refused.get(name);
    if (triedAt != null && triedAt.plus(BEFORE_NEXT_TRY).isAfter(clock.instant())) {
      return null;
    }
    return tryLoad(name);
  }

  private @Nullable Model tryLoad(String name) {
    try {
      Model model = load(name);
      open.put(name, model);
      refused.remove(name);
      log.atInfo()
          .addKeyValue("model", name)
          .addKeyValue("device", model.classifiers().device().id())
          .log("model opened");
      return model;
    } catch (BundleException e) {
      refused.put(name, clock.instant());
      log.atWarn().addKeyValue("cause", e.getMessage()).log("model can not be used");
      return null;
    }
  }

  private Model load(String name) {
    Bundle bundle = bundles.resolve(name);
    return Model.open(bundle, detector, devices);
  }

  @Override
  public void close() {
    open.values().forEach(Model::close);
    open.clear();
  }
}
