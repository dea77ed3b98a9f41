package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RuleEvaluatorTest {
  private static final int SEQUENCES = Integer.getInteger("moodline.rule-sequences", 10_000);

  @Test
  void equalsAPlainInterpreterOnRandomRulesAndSequences() throws Exception {
    int held = 0;
    int frames = 0;
    for (int seed = 0; seed < SEQUENCES; seed++) {
      Random random = new Random(seed);
      PlainRule plain = PlainRule.random(random, 3);
      RuleProgram rule = RuleParser.parse(plain.text());
      RuleEvaluator evaluator = new RuleEvaluator(new Instant[rule.helds()]);
      List<PlainRule.Frame> sequence = sequence(random, 20);
      for (int i = 0; i < sequence.size(); i++) {
        PlainRule.Frame frame = sequence.get(i);
        boolean holds =
            evaluator.holds(
                rule.condition(),
                Instant.ofEpochMilli(frame.millis()),
                name -> frame.values().get(name));
        assertThat(holds)
            .as("seed %d, frame %d of %s", seed, i, plain.text())
            .isEqualTo(plain.holds(sequence, i));
        held += holds ? 1 : 0;
        frames++;
      }
    }
    assertThat(held).isBetween(frames / 10, 9 * frames / 10);
  }

  static List<PlainRule.Frame> sequence(Random random, int length) {
    List<PlainRule.Frame> frames = new ArrayList<>();
    long time = 0;
    Map<String, Double> values = new HashMap<>();
    PlainRule.NAMES.forEach(name -> values.put(name, 0.0));
    for (int i = 0; i < length; i++) {
      time += 50 + 50 * random.nextInt(8);
      if (random.nextInt(3) == 0) {
        values.put("anger", random.nextInt(11) / 10.0);
        values.put("happiness", random.nextInt(11) / 10.0);
        values.put("faces", (double) random.nextInt(4));
        values.put("followed", (double) random.nextInt(3));
      }
      frames.add(new PlainRule.Frame(time, false, Map.copyOf(values)));
    }
    return frames;
  }
}
