package io.moodline.sink;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.schemas.StreamIds;
import io.moodline.schemas.v1.Rule;
import java.util.List;
import java.util.Set;

/** Writes, shows and removes standing rules. Thread-safe. */
final class RuleRoutes implements Resource {
  private static final String EXPRESSION = "expression";
  private static final String ENABLED = "enabled";

  private final RuleRegistry rules;

  RuleRoutes(RuleRegistry rules) {
    this.rules = rules;
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.get("/api/v1/rules", Role.VIEWER, this::list),
        Route.put("/api/v1/rules/{id}", Role.OPERATOR, this::put),
        Route.get("/api/v1/rules/{id}", Role.VIEWER, this::get),
        Route.delete("/api/v1/rules/{id}", Role.OPERATOR, this::delete));
  }

  void list(Context ctx) {
    Page page = Page.read(ctx);
    Answers.json(ctx, 200, page.of("rules", rules.all(), Rule::getRuleId, RuleRoutes::json));
  }

  void get(Context ctx) {
    String id = id(ctx);
    answer(ctx, 200, rules.find(id).orElseThrow(() -> unknown(id)));
  }

  private static void answer(Context ctx, int status, Rule rule) {
    Precondition.tag(ctx, rule.getRevision());
    Answers.json(ctx, status, json(rule));
  }

  void put(Context ctx) {
    String id = id(ctx);
    JsonBody body = JsonBody.read(ctx, Set.of(EXPRESSION, ENABLED));
    String expression =
        body.text(EXPRESSION, RuleParser.MAX_LENGTH)
            .orElseThrow(() -> Problem.malformed("field 'expression' is missing"));
    boolean enabled = body.flag(ENABLED).orElse(true);
    try {
      RuleParser.parse(expression);
    } catch (RuleSyntaxException e) {
      throw Problem.unprocessable(e.sentence(), e.position());
    }
    RuleRegistry.Written written = rules.put(id, expression, enabled, Precondition.read(ctx));
    if (written.created()) {
      ctx.header("Location", "/api/v1/rules/" + id);
    }
    answer(ctx, written.created() ? 201 : 200, written.rule());
  }

  void delete(Context ctx) {
    String id = id(ctx);
    if (!rules.remove(id, Precondition.read(ctx))) {
      throw unknown(id);
    }
    ctx.status(204);
  }

  private static String id(Context ctx) {
    String id = ctx.pathParam("id");
    if (!StreamIds.PATTERN.matcher(id).matches()) {
      throw Problem.malformed(
          "the rule's id is not valid: use 1 to 64 letters, digits, '.', '_' or '-', first a letter or digit");
    }
    return id;
  }

  private static Problem unknown(String id) {
    return Problem.notFound("there is no rule '" + id + "'");
  }

  private static ObjectNode json(Rule rule) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", rule.getRuleId())
        .put(EXPRESSION, rule.getExpression())
        .put(ENABLED, rule.getEnabled())
        .put("revision", rule.getRevision())
        .put("updatedAt", Times.show(rule.getUpdatedAt()));
  }
}
