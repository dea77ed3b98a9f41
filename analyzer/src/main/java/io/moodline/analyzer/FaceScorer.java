package io.moodline.analyzer;

import io.moodline.analyzer.AnalyzerMetrics.Step;
import io.moodline.analyzer.KeptScores.Answer;
import io.moodline.analyzer.KeptScores.Given;
import io.moodline.analyzer.Pending.Looking;
import io.moodline.analyzer.Sighting.CroppedFace;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Scores the faces of a micro-batch: those of all its streams and frames go through a model's
 * session together, but for those that keep the scores of an earlier frame. Confined to {@code
 * analyzer-flow}.
 */
final class FaceScorer {
  private final KeptScores keptScores;
  private final TrialTally tally;
  private final AnalyzerMetrics metrics;

  FaceScorer(KeptScores keptScores, TrialTally tally, AnalyzerMetrics metrics) {
    this.keptScores = keptScores;
    this.tally = tally;
    this.metrics = metrics;
  }

  /**
   * A model's answer for a face.
   *
   * @param scores in the order of the bundle's labels
   * @param kept whether they are those of an earlier frame
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Scored(float[] scores, boolean kept) {}

  /** Faces that go through one model's session together, and where their scores belong. */
  private record Group(List<CroppedFace> faces, List<Answer> answers) {
    Group() {
      this(new ArrayList<>(), new ArrayList<>());
    }

    Given add(CroppedFace face) {
      return add(face, new Given(new Answer(), false));
    }

    Given add(CroppedFace face, Given given) {
      faces.add(face);
      answers.add(given.answer());
      return given;
    }
  }

  /** Waits for the detectors and gives the answer for each face that they found. */
  Map<CroppedFace, Scored> score(MicroBatch batch) throws InterruptedException {
    Map<CroppedFace, Given> given = new IdentityHashMap<>();
    Map<Model, Group> groups = new LinkedHashMap<>();
    for (Pending pending : batch.pending()) {
      if (pending instanceof Looking looking && looking.await() instanceof Sighting.Faces sighted) {
        Group group = groups.computeIfAbsent(looking.model(), model -> new Group());
        assign(looking, sighted.faces(), group, given);
        if (looking.trial() != null) {
          Group tried = groups.computeIfAbsent(looking.trial(), model -> new Group());
          sighted.forTrial().forEach(face -> given.put(face, tried.add(face)));
        }
      }
    }
    groups.forEach(this::classify);
    metrics.batch(batch.size(), groups.values().stream().mapToInt(it -> it.faces().size()).sum());
    Map<CroppedFace, Scored> scored = new IdentityHashMap<>();
    given.forEach((face, it) -> scored.put(face, new Scored(it.answer().scores(), it.kept())));
    return scored;
  }

  private void assign(
      Looking looking, List<CroppedFace> faces, Group group, Map<CroppedFace, Given> given) {
    List<Given> answers = keptScores.next(looking.frame(), looking.model(), faces);
    for (int i = 0; i < answers.size(); i++) {
      given.put(faces.get(i), answers.get(i));
      if (!answers.get(i).kept()) {
        group.add(faces.get(i), answers.get(i));
      }
    }
  }

  private void classify(Model model, Group group) {
    StepStart start = StepStart.now();
    long helped = model.classifiers().helpersProcessorNanos();
    float[][] scores = model.score(group.faces());
    for (int i = 0; i < scores.length; i++) {
      group.answers().get(i).set(scores[i]);
    }
    helped = model.classifiers().helpersProcessorNanos() - helped;
    metrics.took(Step.CLASSIFY, start, helped);
  }

  /** Counts where a model under trial differs, in outcomes that are committed. */
  void compare(List<Outcome> committed) {
    for (Outcome outcome : committed) {
      if (outcome.result() != null && outcome.trial() != null) {
        tally.count(outcome.result(), outcome.trial());
      }
    }
  }

  /** Forgets what frames looked like that are given up and will be read again. */
  void forget() {
    keptScores.forget();
  }
}
