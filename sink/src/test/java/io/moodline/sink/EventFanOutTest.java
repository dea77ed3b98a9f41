package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many readers of one stream who are thrown out again and again: {@code -Dmoodline.readers=2000}.
 */
@Timeout(600)
class EventFanOutTest {
  private static final int READERS = Integer.getInteger("moodline.readers", 50);
  private static final int EVENTS = Integer.getInteger("moodline.readers.events", 600);
  private static final Pattern SEQUENCE = Pattern.compile("\"sequence\":(\\d+)");

  /** Below the test's own, which can only interrupt. */
  private static final Duration LIMIT = Duration.ofSeconds(540);

  @TempDir Path home;

  @Test
  void givesEveryReaderEachEventOnceOverForcedReconnects() throws Exception {
    // A ring that holds a tenth of the events: readers that stay away for long fall out of it.
    Map<String, String> settings =
        Map.of(
            "http.event-ring-records", "64",
            "http.slow-reader-limit", "5m",
            "http.event-readers-max", Integer.toString(2 * READERS));
    try (ApiFixture api = new ApiFixture(home, settings);
        KafkaProducer<byte[], byte[]> writer =
            api.stage.kafka().transactionalProducer("fan-out", "fan-out");
        Selector selector = Selector.open()) {
      api.put("/api/v1/streams/lobby", "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}");
      writer.initTransactions();
      Random random = new Random(11);
      List<Reader> readers = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        readers.add(new Reader(api.sink().port(), selector, random));
      }
      int written = 0;
      long start = System.nanoTime();
      while (readers.stream().anyMatch(reader -> reader.seen.size() < EVENTS)) {
        int most = readers.stream().mapToInt(reader -> reader.seen.size()).max().orElse(0);
        if (most == written && written < EVENTS) {
          written = write(api, writer, written);
        }
        for (Reader reader : readers) {
          assertThat(reader.gaps).isZero();
          reader.connectWhenDue();
        }
        assertThat(System.nanoTime() - start)
            .as("readers that wait for more: %s", waiting(readers))
            .isLessThan(LIMIT.toNanos());
        selector.select(key -> ((Reader) key.attachment()).ready(), 20);
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      assertThat(api.sink().events().consumers()).as("one consumer for all").isEqualTo(1);
      int connections = readers.stream().mapToInt(reader -> reader.connections).sum();
      String metrics = api.get("/metrics").body();
      System.out.printf(
          "fan-out: %d readers, %d events each, %d connections, %.1f s, %.0f events/s%n%s",
          READERS,
          EVENTS,
          connections,
          seconds,
          READERS * (double) EVENTS / seconds,
          metrics
              .lines()
              .filter(it -> it.startsWith("moodline_http_event"))
              .reduce("", (a, b) -> a + b + "\n"));
      assertThat(connections).isGreaterThan(3 * READERS);
      assertThat(metrics).doesNotContain("moodline_http_event_catch_ups_total 0.0");
      for (Reader reader : readers) {
        reader.close();
        assertThat(reader.seen)
            .containsExactlyElementsOf(IntStream.range(0, EVENTS).boxed().toList());
        assertThat(reader.gaps).isZero();
      }
      assertThat(api.failures).isEmpty();
    }
  }

  private static Map<Integer, Long> waiting(List<Reader> readers) {
    return readers.stream()
        .filter(reader -> reader.seen.size() < EVENTS)
        .collect(Collectors.groupingBy(reader -> reader.seen.size(), Collectors.counting()));
  }

  private static int write(ApiFixture api, KafkaProducer<byte[], byte[]> writer, int from) {
    int to = Math.min(EVENTS, from + 25);
    writer.beginTransaction();
    for (int i = from; i < to; i++) {
      writer.send(EventRoutesTest.event(api, "lobby", i));
    }
    writer.commitTransaction();
    writer.beginTransaction();
    writer.send(EventRoutesTest.event(api, "lobby", 1_000_000));
    writer.flush();
    writer.abortTransaction(); // never happened, though it lies in the log
    return to;
  }

  /** One reader without a thread: HTTP/1.0, so that the answer is not cut into chunks. */
  private static final class Reader {
    private final int port;
    private final Selector selector;
    private final Random random;
    private final List<Integer> seen = new ArrayList<>();
    private final ByteArrayOutputStream unread = new ByteArrayOutputStream();
    private final ByteBuffer buffer = ByteBuffer.allocate(16 * 1024);
    private SocketChannel channel;
    private String lastId = "";
    private int patience;
    private int pause;
    private int connections;
    private int gaps;

    Reader(int port, Selector selector, Random random) {
      this.port = port;
      this.selector = selector;
      this.random = random;
    }

    void connectWhenDue() throws IOException {
      if (channel != null || seen.size() >= EVENTS || pause-- > 0) {
        return;
      }
      connections++;
      patience = 1 + random.nextInt(EVENTS / 4);
      channel = SocketChannel.open();
      channel.configureBlocking(false);
      channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      channel.register(selector, SelectionKey.OP_CONNECT, this);
    }

    void ready() {
      try {
        if (channel.isConnectionPending()) {
          channel.finishConnect();
          channel.write(ByteBuffer.wrap(request().getBytes(StandardCharsets.US_ASCII)));
          channel.keyFor(selector).interestOps(SelectionKey.OP_READ);
          return;
        }
        buffer.clear();
        int bytes = channel.read(buffer);
        if (bytes < 0) {
          disconnect();
          return;
        }
        unread.write(buffer.array(), 0, bytes);
        readBlocks();
      } catch (IOException e) {
        disconnect();
      }
    }

    private String request() {
      return "GET /api/v1/streams/lobby/events?events=emotion"
          + (lastId.isEmpty() ? "&from=beginning" : "")
          + " HTTP/1.0\r\nHost: localhost\r\n"
          + (lastId.isEmpty() ? "" : "Last-Event-ID: " + lastId + "\r\n")
          + "\r\n";
    }

    /** Takes whole events only; who is thrown out in the middle of one has not seen it. */
    private void readBlocks() {
      String text = unread.toString(StandardCharsets.UTF_8);
      int from = 0;
      int end = text.indexOf("\n\n");
      while (end >= 0 && patience > 0) {
        readBlock(text.substring(from, end));
        from = end + 2;
        end = text.indexOf("\n\n", from);
      }
      if (patience <= 0 || seen.size() >= EVENTS) {
        disconnect();
        return;
      }
      unread.reset();
      unread.writeBytes(text.substring(from).getBytes(StandardCharsets.UTF_8));
    }

    private void readBlock(String block) {
      for (String line : block.split("\n")) {
        if (line.startsWith("id: ")) {
          lastId = line.substring(4);
        } else if (line.startsWith("event: gap")) {
          gaps++;
        } else if (line.startsWith("data: ")) {
          Matcher sequence = SEQUENCE.matcher(line);
          assertThat(sequence.find()).as(line).isTrue();
          seen.add(Integer.parseInt(sequence.group(1)));
          patience--;
        }
      }
    }

    private void disconnect() {
      close();
      pause = random.nextInt(4) == 0 ? 30 + random.nextInt(60) : random.nextInt(3);
    }

    void close() {
      unread.reset();
      if (channel != null) {
        try {
          channel.close();
        } catch (IOException e) {
          throw new java.io.UncheckedIOException(e);
        }
        channel = null;
      }
    }
  }
}
