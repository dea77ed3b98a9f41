package io.moodline.analyzer;

import io.moodline.models.Bundle;
import io.moodline.models.BundleException;
import io.moodline.models.Bundles;
import io.moodline.runtime.BoundedMap;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models that streams ask for by name, opened aside when first asked for, see {@link
 * ModelOpener}, and kept. A name that can not be opened is not tried again for a while, since
 * frames ask many times a second, and then only if its files have changed, see {@link
 * RefusedModels}. Owns the models and the opener. Confined to one thread, but for {@link #choose},
 * {@link #inUse}, {@link #asSet}, {@link #opening}, {@link #loadChosen} and {@link #stopOpening}.
 *
 * <p>What is chosen while the analyzer runs takes effect between two micro-batches. A model that is
 * no longer chosen is closed when no micro-batch can know it any more.
 */
final class Models implements AutoCloseable {
  private static final Duration BEFORE_NEXT_TRY = Duration.ofSeconds(30);

  /** While one begins, one is worked on. */
  private static final int BATCHES_IN_HAND = 2;

  /** Names come from a topic: so many may wait for their turn, others ask again. */
  private static final int MOST_WAITING = 100;

  private static final Logger log = LoggerFactory.getLogger(Models.class);

  private final Bundles bundles;
  private final String defaultName;
  private final ModelLoader loader;
  private final Clock clock;
  private final ModelOpener opener;
  private final Map<String, Model> open = new HashMap<>();
  private final Map<String, CompletableFuture<Model>> asked = new HashMap<>();
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
      Bundles bundles,
      String defaultName,
      ModelLoader loader,
      Clock clock,
      AnalyzerMetrics metrics,
      Runnable changed) {
    this.bundles = bundles;
    this.defaultName = defaultName;
    this.loader = loader;
    this.clock = clock;
    this.refused = new RefusedModels(bundles, clock);
    this.opener = new ModelOpener(this::load, metrics, changed);
  }

  /**
   * Opens the default model.
   *
   * @param changed called on the opener's thread when {@link #opening} has changed
   * @throws io.moodline.runtime.UserException when it can not be used
   */
  static Models open(
      Bundles bundles,
      String defaultName,
      ModelLoader loader,
      Clock clock,
      AnalyzerMetrics metrics,
      Runnable changed) {
    Models models = new Models(bundles, defaultName, loader, clock, metrics, changed);
    Model model = loader.loadAsSet(defaultName);
    models.asSet = model;
    models.open.put(defaultName, model);
    return models;
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

  /** The bundle that is being opened now; null for none; from any thread. */
  @Nullable String opening() {
    return opener.opening();
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

  /** The model of that name, the one in use for null; begins to open it where need be. */
  NamedModel get(@Nullable String wanted) {
    Model promoted = inUse.model();
    if (wanted == null && promoted != null) {
      return new NamedModel.Ready(promoted);
    }
    String name = wanted == null ? defaultName : wanted;
    Model model = open.get(name);
    if (model != null) {
      return new NamedModel.Ready(model);
    }
    if (promoted != null && promoted.bundle().name().equals(name)) {
      return new NamedModel.Ready(promoted);
    }
    Instant triedAt = tried.get(name);
    if (triedAt != null && triedAt.plus(BEFORE_NEXT_TRY).isAfter(clock.instant())) {
      return new NamedModel.Refused();
    }
    if (!asked.containsKey(name) && asked.size() < MOST_WAITING) {
      asked.put(name, opener.open(name));
    }
    return new NamedModel.Opening();
  }

  /** Takes in what was opened or refused meanwhile; whether there was any. */
  boolean takeOpened() {
    boolean some = false;
    Iterator<Map.Entry<String, CompletableFuture<Model>>> all = asked.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<String, CompletableFuture<Model>> each = all.next();
      if (each.getValue().isDone()) {
        all.remove();
        take(each.getKey(), each.getValue());
        some = true;
      }
    }
    return some;
  }

  private void take(String name, CompletableFuture<Model> answer) {
    try {
      Model model = join(answer);
      open.put(name, model);
      tried.remove(name);
      log.atInfo()
          .addKeyValue("model", name)
          .addKeyValue("device", model.classifiers().device().id())
          .log("model opened");
    } catch (BundleException e) {
      tried.put(name, clock.instant());
      log.atWarn().addKeyValue("cause", e.getMessage()).log("model can not be used");
    }
  }

  /** Waits for an answer; what went wrong on the opener's thread is thrown here. */
  private static Model join(CompletableFuture<Model> answer) {
    try {
      return answer.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof BundleException refusal) {
        throw refusal;
      }
      throw e;
    }
  }

  /**
   * A model for {@link #choose}: the one that the settings name where it is that, with the files as
   * they are now, else a new one, which is waited for; from any thread.
   *
   * @throws BundleException when it can not be used
   * @throws java.util.concurrent.CancellationException after {@link #stopOpening}
   */
  Model loadChosen(String name) {
    Bundle set = asSet().bundle();
    boolean same = set.name().equals(name) && bundles.outline(name).digest().equals(set.digest());
    return same ? asSet() : join(opener.open(name));
  }

  /** Opens nothing any more and ends waits for it; from any thread. */
  void stopOpening() {
    opener.stop();
  }

  private Model load(String name) {
    return refused.unlessRefused(name, () -> loadOrRefuse(name));
  }

  /**
   * Whatever goes wrong with a bundle that a stream or an operator names costs that bundle only.
   */
  private Model loadOrRefuse(String name) {
    log.atInfo().addKeyValue("model", name).log("opening model");
    try {
      return loader.loadInMemory(name);
    } catch (BundleException e) {
      throw e;
    } catch (RuntimeException e) {
      log.atError().addKeyValue("model", name).setCause(e).log("model can not be opened");
      throw new BundleException("model " + name + " can not be opened: " + e, e);
    }
  }

  @Override
  public void close() {
    opener.close();
    asked.values().forEach(ModelOpener::giveUp);
    asked.clear();
    chosen.add(ModelsInUse.AS_SET);
    nextBatch(); // what was chosen is retired now
    retired.forEach(it -> it.model().close());
    retired.clear();
    open.values().forEach(Model::close);
    open.clear();
  }
}
