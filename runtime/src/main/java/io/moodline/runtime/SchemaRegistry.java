package io.moodline.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moodline.schemas.SchemaIds;
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
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;
import org.apache.kafka.common.errors.SerializationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A registry that speaks Confluent's protocol (API v1). Each record's schema is a subject of its
 * own under its full name, whatever topics it is in. What the registry said once is remembered;
 * while it does not answer it is asked again for {@value #PATIENCE_SECONDS} s. Thread-safe.
 */
public final class SchemaRegistry implements SchemaIds {
  private static final int PATIENCE_SECONDS = 60;
  private static final Duration ANSWER = Duration.ofSeconds(10);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LAST_PAUSE = Duration.ofSeconds(5);
  private static final String MEDIA_TYPE = "application/vnd.schemaregistry.v1+json";
  private static final ObjectMapper JSON = new ObjectMapper();
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
    } catch (SerializationException e) {
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
            "schema " + schema.getFullName());
    int id = answer.path("id").asInt(-1);
    if (id < 0) {
      throw new SerializationException("the schema registry gave " + schema.getName() + " no id");
    }
    ids.put(schema, id);
    return id;
  }

  @Override
  public Schema schemaOf(int id) {
    Schema known = schemas.get(id);
    if (known != null) {
      return known;
    }
    JsonNode answer = ask(to("/schemas/ids/" + id).GET(), "schema number " + id);
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

  private JsonNode ask(HttpRequest.Builder request, String what) {
    long deadline = System.nanoTime() + Duration.ofSeconds(PATIENCE_SECONDS).toNanos();
    Duration pause = FIRST_PAUSE;
    while (true) {
      String trouble;
      try {
        HttpResponse<String> answer =
            http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() == 200) {
          return JSON.readTree(answer.body());
        }
        if (answer.statusCode() < 500) {
          throw new SerializationException(
              "the schema registry refuses " + what + ": " + reason(answer));
        }
        trouble = "it answers with status " + answer.statusCode();
      } catch (IOException e) {
        trouble = e.getClass().getSimpleName();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new SerializationException("interrupted at the schema registry", e);
      }
      if (System.nanoTime() > deadline) {
        throw new SerializationException(
            "the schema registry at " + url + " does not answer (" + trouble + ")");
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
      Thread.currentThread().interrupt();
      throw new SerializationException("interrupted at the schema registry", e);
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
