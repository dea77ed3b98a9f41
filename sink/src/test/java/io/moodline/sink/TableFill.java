package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.moodline.schemas.Steps;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.TimelineKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.EnvOptions;
import org.rocksdb.IngestExternalFileOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.SstFileWriter;

/**
 * Brings windows into the table: through the topic, or into the store of a stopped sink as a full
 * compaction would have left them, since a day of 500 streams takes too long through the topic.
 */
final class TableFill {
  private final TimelineDay day;
  private final Path state;
  private final int partitions;

  /**
   * A fill.
   *
   * @param home of the sink
   */
  TableFill(TimelineDay day, Path home, int partitions) {
    this.day = day;
    this.state = home.resolve("data/streams/moodline-" + TimelineTable.APPLICATION);
    this.partitions = partitions;
  }

  /** Makes the streams known. */
  void register(ApiFixture api) throws Exception {
    for (int stream = 0; stream < day.streams; stream++) {
      var answer =
          api.put(
              "/api/v1/streams/" + TimelineDay.stream(stream),
              "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}");
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    }
  }

  /** Sends what starts within a range through the topic, as it would come; returns how many. */
  int send(ApiFixture api, Instant from, Instant to) {
    int sent = 0;
    for (Instant now = from; now.isBefore(to); now = now.plusSeconds(1)) {
      for (Duration step : Steps.ALL) {
        if (Steps.startOf(now, step).equals(now)) {
          for (int stream = 0; stream < day.streams; stream++) {
            send(api, stream, step, now);
            sent++;
          }
        }
      }
    }
    api.producer.flush();
    return sent;
  }

  private void send(ApiFixture api, int stream, Duration step, Instant start) {
    String id = TimelineDay.stream(stream);
    api.producer.send(
        new ProducerRecord<>(
            api.stage.kafka().topics().timelines(),
            StreamPartition.of(id, partitions),
            new TimelineKey(id, step, start).encode(),
            day.encoded(stream, step, start)));
  }

  /** Waits until the newest window of every stream can be asked for. */
  void awaitEnd(ApiFixture api) {
    for (int stream = 0; stream < day.streams; stream++) {
      String id = TimelineDay.stream(stream);
      await("the last second of " + id)
          .atMost(Duration.ofMinutes(30))
          .pollInterval(Duration.ofMillis(10))
          .ignoreException(NotReadyException.class)
          .until(
              () ->
                  api.sink()
                      .queries()
                      .latest(id, Steps.ALL.get(0))
                      .filter(window -> window.getStart().equals(day.end.minusSeconds(1)))
                      .isPresent());
    }
  }

  /** Lays in what starts before an instant, while the sink is stopped. */
  void layIn(Instant before) throws Exception {
    for (int partition = 0; partition < partitions; partition++) {
      Path folder = state.resolve("0_" + partition).resolve("rocksdb").resolve(TimelineTable.STORE);
      List<ColumnFamilyDescriptor> families = new ArrayList<>();
      try (Options any = new Options()) {
        for (byte[] name : RocksDB.listColumnFamilies(any, folder.toString())) {
          families.add(new ColumnFamilyDescriptor(name, new ColumnFamilyOptions()));
        }
      }
      List<ColumnFamilyHandle> handles = new ArrayList<>();
      try (DBOptions options = new DBOptions();
          RocksDB store = RocksDB.open(options, folder.toString(), families, handles)) {
        for (int stream = 0; stream < day.streams; stream++) {
          if (StreamPartition.of(TimelineDay.stream(stream), partitions) == partition) {
            ingest(store, stream, before);
          }
        }
        handles.forEach(ColumnFamilyHandle::close);
      }
    }
  }

  private void ingest(RocksDB store, int stream, Instant before) throws Exception {
    Path file = state.resolve("draft.sst");
    write(file, stream, before);
    try (IngestExternalFileOptions how = new IngestExternalFileOptions().setMoveFiles(true)) {
      store.ingestExternalFile(List.of(file.toString()), how);
    }
    Files.deleteIfExists(file);
  }

  private void write(Path file, int stream, Instant before) throws RocksDBException {
    try (Options options = options();
        EnvOptions env = new EnvOptions();
        SstFileWriter writer = new SstFileWriter(env, options)) {
      writer.open(file.toString());
      for (Duration step : Steps.ALL) {
        for (Instant at = TimelineDay.START; at.isBefore(before); at = at.plus(step)) {
          writer.put(
              new TimelineKey(TimelineDay.stream(stream), step, at).encode(),
              day.encoded(stream, step, at));
        }
      }
      writer.finish();
    }
  }

  /** What Kafka Streams sets, then what the sink does. */
  private static Options options() {
    BlockBasedTableConfig table = new BlockBasedTableConfig();
    table.setBlockSize(4096).setFilterPolicy(new BloomFilter());
    Options options =
        new Options()
            .setCompressionType(CompressionType.NO_COMPRESSION)
            .setTableFormatConfig(table);
    new StoreMemory().setConfig(TimelineTable.STORE, options, Map.of());
    return options;
  }
}
