package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.moodline.models.Bundle;
import io.moodline.runtime.StageContext;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.AnalyzerLoad;
import io.moodline.schemas.v1.AnalyzerStatus;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.ModelChoice;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A model is tried beside the one in use, then promoted or dropped, while frames flow. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class ModelTrialTest {
  private static final byte[] SMILE =
      TestPictures.jpeg(TestPictures.scaled(TestPictures.astronaut(), 256, 256));

  @TempDir static Path home;
  private static TestKafka broker;

  @BeforeAll
  static void startBroker() throws Exception {
    copyBuiltIn(home.resolve("bundles/candidate"), "candidate");
    broker = new TestKafka(home);
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @Test
  void aModelIsTriedOnAShareOfTheFramesAndPromotedWithoutLosingOne() throws Exception {
    int each = 40;
    try (TestKafka.Space space = broker.prefixed("promote")) {
      choose(space, null, "candidate", 0.5, 1);
      try (Analyzer analyzer = start(space)) {
        awaitStatus(space, it -> it.getTrial() != null);
        publish(space, 0, each);
        List<FrameFaces> before = space.awaitFaces(each);
        List<FrameFaces> tried = space.shadowFaces();

        assertThat(before).extracting(FrameFaces::getModel).containsOnly("lite-ferplus");
        assertThat(tried).hasSizeBetween(each / 5, each * 4 / 5);
        assertThat(tried).extracting(FrameFaces::getModel).containsOnly("candidate");
        for (FrameFaces frame : tried) {
          FrameFaces inUse = before.get((int) frame.getSequence());
          assertThat(frame.getSequence()).isEqualTo(inUse.getSequence());
          assertThat(frame.getModelDigest()).isNotEqualTo(inUse.getModelDigest());
          assertThat(frame.getFaces()).isEqualTo(inUse.getFaces()); // the weights are the same
        }
        AnalyzerStatus status =
            awaitStatus(
                space, it -> it.getTrial() != null && it.getTrial().getFaces() == tried.size());
        assertThat(status.getTrial().getOtherLabel()).isZero();
        assertThat(status.getTrial().getMeanDifference()).isZero();
        assertThat(status.getTrial().getShare()).isEqualTo(0.5);

        choose(space, "candidate", null, 0, 2);
        awaitStatus(space, it -> it.getModel().equals("candidate") && it.getTrial() == null);
        publish(space, each, 2 * each);
        List<FrameFaces> all = space.awaitFaces(2 * each);

        assertThat(all)
            .extracting(FrameFaces::getSequence)
            .containsExactly(LongStream.range(0, 2L * each).boxed().toArray(Long[]::new));
        assertThat(all.get(2 * each - 1).getModel()).isEqualTo("candidate");
        assertThat(all.get(2 * each - 1).getModelDigest()).isEqualTo(tried.get(0).getModelDigest());
        assertThat(space.shadowFaces()).hasSameSizeAs(tried);
      }
      try (Analyzer again = start(space)) {
        publish(space, 2 * each, 2 * each + 1);
        assertThat(space.awaitFaces(2 * each + 1).get(2 * each).getModel())
            .as("what was promoted is in use after a restart, from the first frame on")
            .isEqualTo("candidate");
      }
      assertThat(space.failures).isEmpty();
    }
  }

  @Test
  void framesFlowWhileAModelThatWasChosenBeforeTheStartIsOpenedForATrial() throws Exception {
    CountDownLatch open = new CountDownLatch(1);
    try (TestKafka.Space space = broker.prefixed("slow-trial")) {
      choose(space, null, "candidate", 1, 1);
      StageContext context = space.context("one", Clock.systemUTC(), Map.of());
      try (Analyzer analyzer =
          Analyzer.start(
              context, FakeDetectors.thatFindNothing(), SlowModels.waitFor(open, "candidate"))) {
        awaitStatus(space, it -> "candidate".equals(it.getOpening()));
        publish(space, 0, 3);
        assertThat(space.awaitFaces(3))
            .extracting(FrameFaces::getModel)
            .containsOnly("lite-ferplus");
        assertThat(space.shadowFaces()).isEmpty();

        open.countDown();
        awaitStatus(space, it -> it.getTrial() != null && it.getOpening() == null);
        publish(space, 3, 4);
        space.awaitFaces(4);
        assertThat(space.shadowFaces()).hasSize(1);
      }
      assertThat(space.failures).isEmpty();
    }
  }

  @Test
  void aModelThatCanNotBeOpenedChangesNothingAndIsNamed() throws Exception {
    try (TestKafka.Space space = broker.prefixed("problem");
        Analyzer analyzer = start(space)) {
      choose(space, "no-such-model", "nor-this", 1, 1);
      AnalyzerStatus status = awaitStatus(space, it -> it.getProblem() != null);

      assertThat(status.getProblem()).contains("no-such-model").contains("nor-this");
      assertThat(status.getModel()).isEqualTo("lite-ferplus");
      publish(space, 0, 1);
      assertThat(space.awaitFaces(1).get(0).getModel()).isEqualTo("lite-ferplus");
      assertThat(space.shadowFaces()).isEmpty();

      choose(space, null, null, 0, 2);
      awaitStatus(space, it -> it.getProblem() == null);
    }
  }

  @Test
  void staleLiveFramesAreAnnouncedAsLoad() throws Exception {
    try (TestKafka.Space space = broker.prefixed("load");
        Analyzer analyzer = start(space)) {
      Instant old = Instant.now().minusSeconds(3600);
      space.publish(TestFrames.live("lobby", 0, old, SMILE, 256, 256).build());

      AnalyzerStatus status = awaitStatus(space, it -> it.getLoad() == AnalyzerLoad.FRAMES_SKIPPED);

      assertThat(status.getStaleFrames()).isEqualTo(1);
      assertThat(status.getOldestLiveMillis()).isGreaterThanOrEqualTo(3_600_000);
      assertThat(space.awaitFaces(1).get(0).getReason()).isEqualTo("STALE");
    }
  }

  static void choose(TestKafka.Space space, String model, String trial, double share, long revision)
      throws Exception {
    ModelChoice choice =
        ModelChoice.newBuilder()
            .setModel(model)
            .setTrial(trial)
            .setShare(share)
            .setRevision(revision)
            .setUpdatedAt(Instant.EPOCH)
            .build();
    space.publishBytes(
        space.kafka.topics().modelChoices(), "default", Serdes.MODEL_CHOICE.encode(choice));
  }

  private static void publish(TestKafka.Space space, int from, int to) throws Exception {
    for (int i = from; i < to; i++) {
      space.publish(TestFrames.recorded("talk", i, SMILE, 256, 256).build());
    }
  }

  private static AnalyzerStatus awaitStatus(
      TestKafka.Space space, Predicate<AnalyzerStatus> wanted) {
    return Awaitility.await()
        .atMost(TestKafka.PATIENCE)
        .until(space::lastStatus, status -> status != null && wanted.test(status));
  }

  private static Analyzer start(TestKafka.Space space) {
    StageContext context = space.context("one", Clock.systemUTC(), Map.of());
    return Analyzer.start(context);
  }

  /** The bundle that ships with the program, under another name, which changes its digest. */
  static void copyBuiltIn(Path folder, String name) throws Exception {
    String json = new String(builtIn("model.json"), StandardCharsets.UTF_8);
    Iterator<String> files = new ObjectMapper().readTree(json).path("files").fieldNames();
    while (files.hasNext()) {
      String file = files.next();
      Path to = folder.resolve(file);
      Files.createDirectories(to.getParent());
      Files.write(to, builtIn(file));
    }
    Files.writeString(
        folder.resolve("model.json"), json.replace("\"lite-ferplus\"", "\"" + name + "\""));
  }

  private static byte[] builtIn(String file) throws IOException {
    try (InputStream in = Bundle.class.getResourceAsStream("/bundles/lite-ferplus/" + file)) {
      return in.readAllBytes();
    }
  }
}
