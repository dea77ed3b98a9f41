package io.moodline.sink;

import java.util.Map;
import java.util.Set;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.CompressionType;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.WriteBufferManager;

/**
 * Bounds the native memory of all RocksDB stores of this process together: one block cache, which
 * also pays for the write buffers, whatever the number of partitions. Kafka Streams makes one
 * instance per store; the cache is the process's and lives as long as it. Thread-safe.
 */
public final class StoreMemory implements RocksDBConfigSetter {
  private static final long CACHE_BYTES = 64L * 1024 * 1024;
  private static final long WRITE_BUFFERS_BYTES = 24L * 1024 * 1024;
  private static final long WRITE_BUFFER_BYTES = 2L * 1024 * 1024;

  /** Large stores that are read by ranges: long blocks, whose index takes an eighth. */
  private static final Set<String> TABLES = Set.of(TimelineTable.STORE, TimelineTable.TRACK_STORE);

  private static final int TABLE_BLOCK_BYTES = 32 * 1024;

  /** Kafka Streams makes this object by its class; there is nothing to give it. */
  public StoreMemory() {}

  @Override
  public void setConfig(String store, Options options, Map<String, Object> configs) {
    BlockBasedTableConfig table = (BlockBasedTableConfig) options.tableFormatConfig();
    table.setBlockCache(Shared.CACHE);
    table.setCacheIndexAndFilterBlocks(true);
    table.setPinTopLevelIndexAndFilter(true);
    if (TABLES.contains(store)) {
      table.setBlockSize(TABLE_BLOCK_BYTES);
      options.setCompressionType(CompressionType.LZ4_COMPRESSION);
      options.setAdviseRandomOnOpen(false); // so that the system reads ahead
    }
    options.setTableFormatConfig(table);
    options.setWriteBufferManager(Shared.WRITE_BUFFERS);
    options.setWriteBufferSize(WRITE_BUFFER_BYTES);
    options.setMaxWriteBufferNumber(3);
    options.setMaxOpenFiles(256);
  }

  @Override
  public void close(String store, Options options) {
    // The cache is shared by all stores and outlives this one.
  }

  /** Made when the first store opens, after RocksDB's library was loaded. */
  private static final class Shared {
    static final Cache CACHE;
    static final WriteBufferManager WRITE_BUFFERS;

    static {
      RocksDB.loadLibrary();
      CACHE = new LRUCache(CACHE_BYTES);
      WRITE_BUFFERS = new WriteBufferManager(WRITE_BUFFERS_BYTES, CACHE);
    }
  }
}
