package io.moodline.analyzer;

import io.moodline.models.Bundle;
import io.moodline.models.BundleException;
import io.moodline.models.Bundles;
import io.moodline.models.Devices;
import io.moodline.runtime.BoundedMap;
import io.moodline.runtime.UserException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models that streams ask for by name, opened when first asked for and kept. A name that can
 * not be opened is not tried again for a while, since frames ask many times a second, and then only
 * if its files have changed, see {@link RefusedModels}. Owns the models. Confined to one thread,
 * but for {@link #choose}, {@link #inUse}, {@link #asSet} and what opens models.
 *
 * <p>What is chosen while the analyzer runs takes effect between two micro-batches. A model that is
 * no longer chosen is closed when no micro-batch can know it any more.
 */
final class Models implements AutoCloseable {
  private static final Duration BEFORE_NEXT_TRY = Duration.ofSeconds(30);

  /** While one begins, one is worked on. */
  private static final int BATCHES_IN_HAND = 2;

  private static final Logger log = LoggerFactory.getLogger(Models.class);

  private final Bundles bundles;
  private final String defaultName;
  private final String detector;
  private final Devices devices;
  private final Clock clock;
  private final Map<String, Model> open = new HashMap<>();
  private final Queue<ModelsInUse> chosen = new ConcurrentLinkedQueue<>();
  private final List<Retired> retired = new ArrayList<>();
  private volatile ModelsInUse inUse = ModelsInUse.AS_SET;
  private long batches;
  private final RefusedModels refused;
  private final Map<String, Instant> tried = BoundedMap.ofNewest(RefusedModels.MOST);

  private volatile @Nullable Model asSet;

  /** A model that micro-batches up to a number may still use. */
  private record Retired(Model model, long lastBatch) {}

  private Models(
      Bundles bundles, String defaultName, String detector, Devices devices, Clock clock) {
    this.bundles = bundles;
    this.defaultName = defaultName;
    this.detector = detector;
    this.devices = devices;
    this.clock = clock;
    this.refused = new RefusedModels(bundles, clock);
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
      Model model = models.loadNow(defaultName);
      models.asSet = model;
      models.open.put(defaultName, model);
      return models;
    } catch (BundleException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Uses other models from the next micro-batch on, and owns them; from any thread. */
  void choose(ModelsInUse next) {
    chosen.add(next);
  }

  /** What was chosen, as the last micro-batch met it; from any thread. */
  ModelsInUse inUse() {
    return inUse;
  }

  /** The model that the settings name; from any thread. */
  Model asSet() {
    return Objects.requireNonNull(asSet, "opened first");
  }

  /** A micro-batch begins: takes up what was chosen, closes what no batch knows any more. */
  void nextBatch() {
    batches++;
    for (ModelsInUse next = chosen.poll(); next != null; next = chosen.poll()) {
      ModelsInUse before = inUse;
      inUse = next;
      retire(before.model(), next);
      retire(before.trial(), next);
    }
    retired.removeIf(this::closeIfUnknown);
  }

  private void retire(@Nullable Model model, ModelsInUse next) {
    boolean waits = retired.stream().anyMatch(it -> it.model() == model);
    boolean kept = model == asSet; // it stays open for streams that name it, and to go back to
    if (model != null && !kept && !next.holds(model) && !waits) {
      retired.add(new Retired(model, batches + BATCHES_IN_HAND));
    }
  }

  private boolean closeIfUnknown(Retired old) {
    if (batches <= old.lastBatch()) {
      return false;
    }
    old.model().close();
    return true;
  }

  /** The model of that name, the one in use for null; null when it can not be used. */
  @Nullable Model get(@Nullable String asked) {
    Model promoted = inUse.model();
    if (asked == null && promoted != null) {
      return promoted;
    }
    String name = asked == null ? defaultName : asked;
    Model model = open.get(name);
    if (model != null) {
      return model;
    }
    if (promoted != null && promoted.bundle().name().equals(name)) {
      return promoted;
    }
    Instant triedAt = tried.get(name);
    if (triedAt != null && triedAt.plus(BEFORE_NEXT_TRY).isAfter(clock.instant())) {
      return null;
    }
    return tryLoad(name);
  }

  private @Nullable Model tryLoad(String name) {
    try {
      Model model = load(name);
      open.put(name, model);
      tried.remove(name);
      log.atInfo()
          .addKeyValue("model", name)
          .addKeyValue("device", model.classifiers().device().id())
          .log("model opened");
      return model;
    } catch (BundleException e) {
      tried.put(name, clock.instant());
      log.atWarn().addKeyValue("cause", e.getMessage()).log("model can not be used");
      return null;
    }
  }

  /**
   * A model for {@link #choose}: the one that the settings name where it is that, with the files as
   * they are now, else a new one; from any thread.
   *
   * @throws BundleException when it can not be used
   */
  Model loadChosen(String name) {
    Bundle set = asSet().bundle();
    boolean same = set.name().equals(name) && bundles.outline(name).digest().equals(set.digest());
    return same ? asSet() : load(name);
  }

  /**
   * Opens a model; from any thread.
   *
   * @throws BundleException when it can not be used
   */
  private Model load(String name) {
    return refused.unlessRefused(name, () -> loadOrRefuse(name));
  }

  /**
   * Whatever goes wrong with a bundle that a stream or an operator names costs that bundle only.
   */
  private Model loadOrRefuse(String name) {
    try {
      return loadNow(name);
    } catch (BundleException e) {
      throw e;
    } catch (RuntimeException e) {
      log.atError().addKeyValue("model", name).setCause(e).log("model can not be opened");
      throw new BundleException("model " + name + " can not be opened: " + e, e);
    }
  }

  private Model loadNow(String name) {
    FaceCropper.of(bundles.outline(name), detector); // before some hundred megabytes are read
    return Model.open(bundles.resolve(name), detector, devices);
  }

  @Override
  public void close() {
    chosen.add(ModelsInUse.AS_SET);
    nextBatch(); // what was chosen is retired now
    retired.forEach(it -> it.model().close());
    retired.clear();
    open.values().forEach(Model::close);
    open.clear();
  }
}
