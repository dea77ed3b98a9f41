package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 180, unit = TimeUnit.SECONDS)
class RuleRoutesTest {
  private static ApiFixture api;

  @BeforeAll
  static void start(@TempDir Path home) throws Exception {
    api = new ApiFixture(home, Map.of());
  }

  @AfterAll
  static void stop() {
    api.close();
    assertThat(api.failures).isEmpty();
  }

  private static String body(String expression) {
    return ApiFixture.JSON.createObjectNode().put("expression", expression).toString();
  }

  @Test
  void showsWhatWasJustPutAndKeepsTheRevisionOfAnEqualPut() throws Exception {
    var put = api.put("/api/v1/rules/cross", body("anger > 0.6 for 3s where tag = lobby"));
    assertThat(put.statusCode()).as(put.body()).isEqualTo(201);
    assertThat(put.headers().firstValue("Location")).hasValue("/api/v1/rules/cross");
    JsonNode shown = ApiFixture.json(api.get("/api/v1/rules/cross"));
    assertThat(shown).isEqualTo(ApiFixture.json(put));
    assertThat(shown.get("enabled").booleanValue()).isTrue();
    api.description().check("Rule", shown);
    var again = api.put("/api/v1/rules/cross", body("anger > 0.6 for 3s where tag = lobby"));
    assertThat(again.statusCode()).isEqualTo(200);
    assertThat(ApiFixture.json(again)).isEqualTo(shown);
    var off = api.put("/api/v1/rules/cross", "{\"expression\":\"anger > 0.6\",\"enabled\":false}");
    assertThat(ApiFixture.json(off).get("revision").longValue()).isEqualTo(2);
    assertThat(ApiFixture.json(api.get("/api/v1/rules")).get("rules"))
        .contains(ApiFixture.json(off));
    assertThat(off.headers().firstValue("ETag")).hasValue("\"2\"");
    var stale = api.send(api.request("/api/v1/rules/cross").header("If-Match", "\"1\"").DELETE());
    assertThat(stale.statusCode()).isEqualTo(412);
    assertThat(api.delete("/api/v1/rules/cross").statusCode()).isEqualTo(204);
    assertThat(api.get("/api/v1/rules/cross").statusCode()).isEqualTo(404);
    assertThat(api.delete("/api/v1/rules/cross").statusCode()).isEqualTo(404);
    var anew = api.put("/api/v1/rules/cross", body("anger > 0.6"));
    assertThat(ApiFixture.json(anew).get("revision").longValue()).isEqualTo(3);
  }

  @Test
  void refusesABadRuleWithThePlaceOfTheError() throws Exception {
    var refused = api.put("/api/v1/rules/bad", body("anger > 0.6 for 3"));
    assertThat(refused.statusCode()).isEqualTo(422);
    assertThat(refused.headers().firstValue("Content-Type")).hasValue(Problem.CONTENT_TYPE);
    JsonNode problem = ApiFixture.json(refused);
    assertThat(problem.get("position").intValue()).isEqualTo(17);
    assertThat(problem.get("detail").textValue()).contains("at character 17");
    api.description().check("Problem", problem);
    assertThat(api.get("/api/v1/rules/bad").statusCode()).isEqualTo(404);
    assertThat(api.put("/api/v1/rules/bad", "{}").statusCode()).isEqualTo(400);
    assertThat(api.put("/api/v1/rules/a%20b", body("anger > 1")).statusCode()).isEqualTo(400);
    assertThat(api.put("/api/v1/rules/x", "{\"expression\":\"a>1\",\"enabled\":1}").statusCode())
        .isEqualTo(400);
  }
}
