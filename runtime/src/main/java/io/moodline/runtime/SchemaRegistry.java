package io.moodline.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moodline.schemas.SchemaIds;
import io.moodline.schemas.SchemaUnavailableException;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;
import org.apache.avro.Schema;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.SerializationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A registry that speaks Confluent's protocol (API v1). Each record's schema is a subject of its
 * own under its full name, whatever topics it is in. What the registry said once is remembered, and
 * what this process writes it never has to ask for. A registry that does not answer is asked again,
 * at the start for {@value #START_PATIENCE_SECONDS} s, for a record that is read for {@value
 * #READ_PATIENCE_SECONDS} s. Thread-safe.
 */
public final class SchemaRegistry implements SchemaIds {
  private static final int START_PATIENCE_SECONDS = 60;

  /** Whoever reads goes back and asks again, and can be stopped in between. */
  private static final int READ_PATIENCE_SECONDS = 5;

  private static final Duration ANSWER = Duration.ofSeconds(10);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LAST_PAUSE = Duration.ofSeconds(5);
  private static final String MEDIA_TYPE = "application/vnd.schemaregistry.v1+json";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** It can not tell now; its other answers to a schema that is offered are final. */
  private static final Set<Integer> ASK_LATER = Set.of(408, 429);

  private static final Logger log = LoggerFactory.getLogger(SchemaRegistry.class);

  private final String url;
  private final String credentials;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();
  private final Map<Schema, Integer> ids = new ConcurrentHashMap<>();
  private final Map<Integer, Schema> schemas = new ConcurrentHashMap<>();

  private SchemaRegistry(String url, String credentials) {
    this.url = url.replaceFirst("/+$", "");
    this.credentials = credentials;
  }

  /**
   * Registers the schemas that this process writes, so that none has to be asked for later.
   *
   * @param credentials {@code user:password}, empty for none
   * @throws UserException when the registry does not answer, or refuses a schema
   */
  public static SchemaRegistry connect(String url, String credentials, Collection<Schema> written) {
    if (!url.matches("https?://[^/\\s]+(/\\S*)?")) {
      throw new UserException("schema.registry.url '" + url + "' is no http or https address");
    }
    SchemaRegistry registry = new SchemaRegistry(url, credentials);
    try {
      written.forEach(registry::idOf);
      return registry;
    } catch (SerializationException | SchemaUnavailableException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public int idOf(Schema schema) {
    Integer known = ids.get(schema);
    if (known != null) {
      return known;
    }
    String subject = URLEncoder.encode(schema.getFullName(), StandardCharsets.UTF_8);
    String body =
        JSON.createObjectNode()
            .put("schemaType", "AVRO")
            .put("schema", schema.toString())
            .toString();
    JsonNode answer =
        ask(
            to("/subjects/" + subject + "/versions")
                .header("Content-Type", MEDIA_TYPE)
                .POST(HttpRequest.BodyPublishers.ofString(body)),
            "schema " + schema.getFullName(),
            START_PATIENCE_SECONDS,
            status -> status < 500 && !ASK_LATER.contains(status));
    int id = answer.path("id").asInt(-1);
    if (id < 0) {
      throw new SerializationException("the schema registry gave " + schema.getName() + " no id");
    }
    ids.put(schema, id);
    schemas.putIfAbsent(id, schema);
    return id;
  }

  @Override
  public Schema schemaOf(int id) {
    Schema known = schemas.get(id);
    if (known != null) {
      return known;
    }
    // That there is no such number is all that the registry can say against a record. Anything else
    // (a password that was changed, a proxy in between) says nothing of it.
    JsonNode answer =
        ask(
            to("/schemas/ids/" + id).GET(),
            "schema number " + id,
            READ_PATIENCE_SECONDS,
            status -> status == 404);
    if (!answer.path("schema").isTextual()) {
      throw new SchemaUnavailableException(
          "the schema registry's answer to number " + id + " holds no schema");
    }
    try {
      Schema schema = new Schema.Parser().parse(answer.path("schema").asText());
      schemas.put(id, schema);
      return schema;
    } catch (org.apache.avro.SchemaParseException e) {
      throw new SerializationException("the schema registry's number " + id + " is no Avro", e);
    }
  }

  private HttpRequest.Builder to(String path) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url + path)).timeout(ANSWER).header("Accept", MEDIA_TYPE);
    if (!credentials.isEmpty()) {
      byte[] bytes = credentials.getBytes(StandardCharsets.UTF_8);
      request.header("Authorization", "Basic " + Base64.getEncoder().encodeToString(bytes));
    }
    return request;
  }

  /** Asks until there is an answer, or one of those that are {@code last}. */
  private JsonNode ask(
      HttpRequest.Builder request, String what, int patienceSeconds, IntPredicate last) {
    long deadline = System.nanoTime() + Duration.ofSeconds(patienceSeconds).toNanos();
    Duration pause = FIRST_PAUSE;
    while (true) {
      String trouble;
      try {
        HttpResponse<String> answer =
            http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() == 200) {
          return JSON.readTree(answer.body());
        }
        if (last.test(answer.statusCode())) {
          throw new SerializationException(
              "the schema registry refuses " + what + ": " + reason(answer));
        }
        trouble = reason(answer);
      } catch (IOException e) {
        trouble = e.getClass().getSimpleName();
      } catch (InterruptedException e) {
        throw new InterruptException("interrupted at the schema registry", e);
      }
      if (System.nanoTime() > deadline) {
        throw new SchemaUnavailableException(
            "the schema registry at "
                + url
                + " does not answer for "
                + what
                + " ("
                + trouble
                + ")");
      }
      log.atDebug().addKeyValue("trouble", trouble).log("schema registry is asked again");
      pause(pause);
      pause = pause.multipliedBy(2).compareTo(LAST_PAUSE) < 0 ? pause.multipliedBy(2) : LAST_PAUSE;
    }
  }

  private static void pause(Duration pause) {
    try {
      Thread.sleep(pause.toMillis());
    } catch (InterruptedException e) {
      throw new InterruptException("interrupted at the schema registry", e);
    }
  }

  /** The registry's own words, on one line. */
  private static String reason(HttpResponse<String> answer) {
    try {
      String message = JSON.readTree(answer.body()).path("message").asText("");
      return "status " + answer.statusCode() + " " + message.replaceAll("\\s+", " ").strip();
    } catch (IOException e) {
      return "status " + answer.statusCode();
    }
  }
}
