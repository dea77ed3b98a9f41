package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.SchemaUnavailableException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Rule;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.errors.RetriableException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(200)
class SchemaRegistryTest {
  private static final Rule RULE =
      Rule.newBuilder()
          .setRuleId("r")
          .setExpression("anger > 0.6")
          .setEnabled(true)
          .setRevision(3)
          .setUpdatedAt(Instant.EPOCH)
          .build();

  /** A registry as small as its protocol allows. */
  private final List<Schema> schemas = new ArrayList<>();

  private final Map<String, Integer> subjects = new TreeMap<>();
  private final AtomicInteger troubles = new AtomicInteger();
  private volatile boolean refuses;

  /** What the next questions for a number are answered with instead of its schema. */
  private final Queue<Integer> showTroubles = new ConcurrentLinkedQueue<>();

  private HttpServer server;
  private String url;

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/subjects/", this::register);
    server.createContext("/schemas/ids/", this::show);
    server.start();
    url = "http://127.0.0.1:" + server.getAddress().getPort();
  }

  @AfterEach
  void stop() {
    AvroSerde.use(null);
    server.stop(0);
  }

  private synchronized void register(HttpExchange exchange) throws IOException {
    JsonNode body = new ObjectMapper().readTree(exchange.getRequestBody());
    if (troubles.getAndDecrement() > 0) {
      answer(exchange, 500, "{}");
    } else if (refuses) {
      answer(
          exchange,
          409,
          "{\"error_code\":409,\"message\":\"Schema being registered is\\nincompatible\"}");
    } else {
      Schema schema = new Schema.Parser().parse(body.get("schema").textValue());
      schemas.add(schema);
      String subject = exchange.getRequestURI().getPath().split("/")[2];
      subjects.put(subject, schemas.size() - 1);
      answer(exchange, 200, "{\"id\":" + (schemas.size() - 1) + "}");
    }
  }

  private synchronized void show(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    int id = Integer.parseInt(path.substring(path.lastIndexOf('/') + 1));
    Integer trouble = showTroubles.poll();
    if (trouble != null) {
      answer(exchange, trouble, "{}");
      return;
    }
    if (id >= schemas.size()) {
      answer(exchange, 404, "{\"error_code\":40403,\"message\":\"Schema not found\"}");
      return;
    }
    answer(
        exchange,
        200,
        new ObjectMapper().createObjectNode().put("schema", schemas.get(id).toString()).toString());
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    try (exchange) {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  @Test
  void writesTheRegistrysFormatAndReadsBoth() throws Exception {
    byte[] before = Serdes.RULE.encode(RULE);
    AvroSerde.use(SchemaRegistry.connect(url + "/", "", List.of(Rule.getClassSchema())));
    assertThat(subjects).containsOnlyKeys("io.moodline.schemas.v1.Rule");
    byte[] bytes = Serdes.RULE.encode(RULE);
    assertThat(bytes[0]).isZero();
    int id = ByteBuffer.wrap(bytes, 1, 4).getInt();
    // Read by what knows nothing of Moodline: the registry's schema and Avro's own reader.
    GenericRecord read =
        new GenericDatumReader<GenericRecord>(schemas.get(id))
            .read(null, DecoderFactory.get().binaryDecoder(bytes, 5, bytes.length - 5, null));
    assertThat(read.get("expression").toString()).isEqualTo("anger > 0.6");
    assertThat(Serdes.RULE.decode(bytes)).isEqualTo(RULE);
    assertThat(Serdes.RULE.decode(before)).as("written before").isEqualTo(RULE);
    AvroSerde.use(null);
    assertThat(Serdes.RULE.encode(RULE)).isEqualTo(before);
  }

  @Test
  void readsWhatAnotherVersionOfTheSchemaWrote() throws Exception {
    // An older writer's schema, under a number of its own: another order, and a field that is gone.
    Schema writer =
        new Schema.Parser()
            .parse(
                "{\"type\":\"record\",\"name\":\"Rule\",\"namespace\":\"io.moodline.schemas.v1\",\"fields\":["
                    + "{\"name\":\"gone\",\"type\":\"int\"},"
                    + "{\"name\":\"ruleId\",\"type\":\"string\"},{\"name\":\"expression\",\"type\":\"string\"},"
                    + "{\"name\":\"revision\",\"type\":\"long\"},{\"name\":\"enabled\",\"type\":\"boolean\"},"
                    + "{\"name\":\"updatedAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}}]}");
    schemas.add(writer);
    GenericData.Record record = new GenericData.Record(writer);
    record.put("gone", 7);
    record.put("ruleId", "r");
    record.put("expression", "anger > 0.6");
    record.put("revision", 3L);
    record.put("enabled", true);
    record.put("updatedAt", 0L);
    var out = new java.io.ByteArrayOutputStream();
    out.write(new byte[5]);
    var encoder = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<GenericRecord>(writer).write(record, encoder);
    encoder.flush();
    AvroSerde.use(SchemaRegistry.connect(url, "", List.of()));
    assertThat(Serdes.RULE.decode(out.toByteArray())).isEqualTo(RULE);
  }

  @Test
  void takesAnUnknownNumberForAnUnreadableRecord() {
    byte[] unknown = {0, 0, 0, 0, 99, 1, 2, 3};
    assertThatThrownBy(() -> Serdes.ALERT.decode(unknown))
        .as("without a registry")
        .isInstanceOf(AvroSerde.UnreadableRecordException.class);
    AvroSerde.use(SchemaRegistry.connect(url, "", List.of()));
    assertThatThrownBy(() -> Serdes.ALERT.decode(unknown))
        .isInstanceOf(AvroSerde.UnreadableRecordException.class);
  }

  @Test
  void readsItsOwnRecordsWhileTheRegistryIsAway() {
    AvroSerde.use(SchemaRegistry.connect(url, "", List.of(Rule.getClassSchema())));
    byte[] bytes = Serdes.RULE.encode(RULE);
    server.stop(0);
    assertThat(Serdes.RULE.decode(bytes)).isEqualTo(RULE);
  }

  @Test
  void takesNoRecordForUnreadableWhoseSchemaTheRegistryDoesNotTell() {
    schemas.add(Rule.getClassSchema());
    byte[] inside = Serdes.RULE.encodeInside(RULE);
    byte[] bytes = ByteBuffer.allocate(inside.length - 5).putInt(1, 0).array();
    System.arraycopy(inside, 10, bytes, 5, inside.length - 10);
    AvroSerde.use(SchemaRegistry.connect(url, "", List.of()));
    showTroubles.addAll(List.of(401, 403, 408, 429, 502));
    assertThat(Serdes.RULE.decode(bytes)).as("asked until it told").isEqualTo(RULE);
    AvroSerde.use(SchemaRegistry.connect(url, "", List.of())); // one that was told nothing yet
    showTroubles.addAll(Collections.nCopies(1000, 401));
    assertThatThrownBy(() -> Serdes.RULE.decode(bytes))
        .isInstanceOf(SchemaUnavailableException.class)
        .isInstanceOf(RetriableException.class)
        .hasMessageContaining("401");
    showTroubles.clear();
    assertThat(Serdes.RULE.decode(bytes)).isEqualTo(RULE);
  }

  @Test
  void asksAgainAndSaysWhatTheRegistryRefuses() {
    troubles.set(3);
    SchemaRegistry.connect(url, "", List.of(Rule.getClassSchema()));
    refuses = true;
    assertThatThrownBy(() -> SchemaRegistry.connect(url, "", List.of(Rule.getClassSchema())))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("io.moodline.schemas.v1.Rule")
        .hasMessageContaining("incompatible")
        .hasMessageNotContaining("\n");
    assertThatThrownBy(() -> SchemaRegistry.connect("registry:8081", "", List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("schema.registry.url");
  }
}
