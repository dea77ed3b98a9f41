package io.moodline.sink;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;

/**
 * One page of a list that is ordered by id: where it starts, and how long it may be. What is added
 * or removed meanwhile moves nothing, since a page goes on after an id, not after a number.
 *
 * @param after id that was shown last; empty at the beginning
 * @param limit most items of the page
 */
record Page(String after, int limit) {
  private static final int MAX_LIMIT = 1000;

  /** Reads {@code cursor} and {@code limit} of the query. */
  static Page read(Context ctx) {
    return new Page(cursor(ctx.queryParam("cursor")), limit(ctx.queryParam("limit")));
  }

  private static int limit(@org.jspecify.annotations.Nullable String text) {
    if (text == null) {
      return MAX_LIMIT;
    }
    if (!text.matches("[1-9][0-9]{0,3}") || Integer.parseInt(text) > MAX_LIMIT) {
      throw Problem.malformed("limit is out of range: give 1 to " + MAX_LIMIT);
    }
    return Integer.parseInt(text);
  }

  private static String cursor(@org.jspecify.annotations.Nullable String text) {
    try {
      return text == null
          ? ""
          : new String(Base64.getUrlDecoder().decode(text), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw Problem.malformed("cursor is none that this list gave: take next of an earlier page");
    }
  }

  /**
   * The page as an answer's body, with the cursor of the next one, or null after the last.
   *
   * @param items all of them, by id
   */
  <T> ObjectNode of(
      String name, List<T> items, Function<T, String> id, Function<T, ObjectNode> show) {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    ArrayNode shown = body.putArray(name);
    Iterator<T> rest = items.stream().filter(it -> id.apply(it).compareTo(after) > 0).iterator();
    String last = after;
    while (rest.hasNext() && shown.size() < limit) {
      T item = rest.next();
      last = id.apply(item);
      shown.add(show.apply(item));
    }
    return body.put("next", rest.hasNext() ? encode(last) : null);
  }

  /** The cursor behind an item that is known by its number. */
  static String cursor(long number) {
    return encode(Long.toString(number));
  }

  /** The cursor behind an item that is known by such an id. */
  static String encode(String id) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(id.getBytes(StandardCharsets.UTF_8));
  }
}
