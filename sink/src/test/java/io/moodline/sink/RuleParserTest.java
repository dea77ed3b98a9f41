package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.moodline.sink.RuleCondition.Both;
import io.moodline.sink.RuleCondition.Compare;
import io.moodline.sink.RuleCondition.Either;
import io.moodline.sink.RuleCondition.Held;
import io.moodline.sink.RuleCondition.Not;
import io.moodline.sink.RuleCondition.Operator;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuleParserTest {
  @Test
  void readsTheExampleOfTheDocumentation() throws Exception {
    assertThat(RuleParser.parse("anger > 0.6 for 3s and faces >= 2 where tag = lobby"))
        .isEqualTo(
            new RuleProgram(
                new Both(
                    new Held(new Compare("anger", Operator.ABOVE, 0.6), Duration.ofSeconds(3), 0),
                    new Compare("faces", Operator.AT_LEAST, 2)),
                1,
                List.of(new RuleProgram.Filter("tag", true, "lobby"))));
  }

  @Test
  void bindsForBeforeNotBeforeAndBeforeOr() throws Exception {
    Compare a = new Compare("a", Operator.BELOW, 1);
    Compare b = new Compare("b", Operator.EQUAL, 2);
    Compare c = new Compare("c", Operator.UNEQUAL, 3);
    assertThat(RuleParser.parse("a<1 or b=2 and not c!=3 for 5m").condition())
        .isEqualTo(new Either(a, new Both(b, new Not(new Held(c, Duration.ofMinutes(5), 0)))));
    assertThat(RuleParser.parse("((a<1 or b=2) for 1h and c!=3) for 10ms").condition())
        .isEqualTo(
            new Held(
                new Both(new Held(new Either(a, b), Duration.ofHours(1), 0), c),
                Duration.ofMillis(10),
                1));
  }

  @Test
  void takesQuotedNamesAndSeveralFilters() throws Exception {
    RuleProgram rule =
        RuleParser.parse(
            "\"very happy\" > 0.5 where stream != cam-1 and \"floor no\" = 3 and a = \"x y\"");
    assertThat(rule.condition()).isEqualTo(new Compare("very happy", Operator.ABOVE, 0.5));
    assertThat(rule.filters())
        .containsExactly(
            new RuleProgram.Filter("stream", false, "cam-1"),
            new RuleProgram.Filter("floor no", true, "3"),
            new RuleProgram.Filter("a", true, "x y"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`` | 1 | the rule ends where a label",
        "`anger` | 6 | the rule ends where one of",
        "`anger > x` | 9 | 'x' stands where a number is expected",
        "`anger > 0.5 for 3` | 17 | '3' stands where a length of time",
        "`anger > 0.5 for` | 16 | the rule ends where a length of time",
        "`anger > 0.5 for 25h` | 17 | 24h at most",
        "`anger > 0.5 faces > 1` | 13 | 'faces' stands where 'and', 'or', 'for' or 'where'",
        "`(anger > 0.5` | 13 | the rule ends where ')'",
        "`anger > 0.5)` | 12 | ')' stands",
        "`anger > 0.5 and` | 16 | the rule ends where a label",
        "`and > 0.5` | 1 | 'and' stands where a label",
        "`anger ~ 0.5` | 7 | begins nothing that is known",
        "`anger > 0.5 where` | 18 | the rule ends where 'stream'",
        "`anger > 0.5 where tag` | 22 | the rule ends where = or !=",
        "`anger > 0.5 where tag = ` | 25 | the rule ends where the label's value",
        "`anger > 0.5 where tag = a or b = c` | 27 | 'or' stands where 'and'",
        "`anger > 0.5 where tag > a` | 23 | '>' stands where = or !=",
        "`\"anger > 0.5` | 1 | begins nothing that is known",
      })
  void refusesWithThePlaceOfTheError(String rule, int position, String words) {
    RuleSyntaxException error =
        catchThrowableOfType(RuleSyntaxException.class, () -> RuleParser.parse(rule));
    assertThat(error).as(rule).isNotNull();
    assertThat(error.getMessage()).contains(words);
    assertThat(error.position()).isEqualTo(position);
    assertThat(error.sentence()).contains("at character " + position);
  }

  @Test
  void refusesWhatIsTooLongOrTooDeep() {
    String deep = "(".repeat(900) + "a>1" + ")".repeat(900);
    assertThat(catchThrowableOfType(RuleSyntaxException.class, () -> RuleParser.parse(deep)))
        .hasMessageContaining("nested");
    String nots = "not ".repeat(400) + "a>1";
    assertThat(catchThrowableOfType(RuleSyntaxException.class, () -> RuleParser.parse(nots)))
        .hasMessageContaining("nested");
    String longer = "a>1 or ".repeat(300) + "a>1";
    assertThat(catchThrowableOfType(RuleSyntaxException.class, () -> RuleParser.parse(longer)))
        .hasMessageContaining("2000");
  }

  @Test
  void refusesAnythingElseWithAPlaceInTheRule() {
    Random random = new Random(5);
    String signs = "abfor ands where not faces()<>=!0123456789.ms \"\\\n\u00e9\u2028";
    for (int i = 0; i < 20_000; i++) {
      StringBuilder rule = new StringBuilder();
      for (int n = random.nextInt(40); n > 0; n--) {
        rule.append(signs.charAt(random.nextInt(signs.length())));
      }
      try {
        RuleParser.parse(rule.toString());
      } catch (RuleSyntaxException e) {
        assertThat(e.position()).isBetween(1, rule.length() + 1);
      }
    }
  }
}
