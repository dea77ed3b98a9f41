package io.moodline.sink;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The newest records of one partition of one topic, shared by all subscribers, who each know only
 * the offset they have come to. Holds every committed record from {@link Slice#next} of the oldest
 * reader that still fits, at most so many records and bytes; the oldest make room, and what is
 * erased goes. Thread-safe.
 */
final class EventRing {
  /** Where an offset lies. */
  enum Place {
    /** The ring holds what follows. */
    HERE,
    /** What follows has left the ring: it is in the log. */
    BEHIND,
    /** The tail has not come so far. */
    AHEAD
  }

  /**
   * What follows an offset.
   *
   * @param records oldest first; empty unless {@code place} is {@code HERE}
   * @param next offset to go on from
   */
  record Slice(Place place, List<EventRecord> records, long next) {}

  private static final long MAX_BYTES = 8L * 1024 * 1024;

  private final @Nullable EventRecord[] records;
  private final ErasedData erased;
  private int head; // index of the oldest
  private int count;
  private long bytes;
  private long first;
  private long end;

  /**
   * An empty ring.
   *
   * @param erased what it shows to nobody
   */
  EventRing(int capacity, ErasedData erased) {
    this.records = new EventRecord[capacity];
    this.erased = erased;
  }

  /** Whether a record that was found elsewhere must not be shown. */
  boolean hides(EventRecord record) {
    return erased.covers(record);
  }

  /** Lets go of what has been erased since it was added. */
  synchronized void dropErased() {
    List<EventRecord> kept = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      if (!erased.covers(at(i))) {
        kept.add(at(i));
      }
    }
    java.util.Arrays.fill(records, null);
    head = 0;
    count = kept.size();
    bytes = 0;
    for (int i = 0; i < count; i++) {
      records[i] = kept.get(i);
      bytes += kept.get(i).bytes();
    }
  }

  /** Starts anew: what lies before {@code offset} was not seen. */
  synchronized void startAt(long offset) {
    java.util.Arrays.fill(records, null);
    head = 0;
    count = 0;
    bytes = 0;
    first = offset;
    end = offset;
  }

  synchronized void add(EventRecord record) {
    end = record.offset() + 1;
    if (erased.covers(record)) {
      return;
    }
    while (count == records.length || count > 0 && bytes + record.bytes() > MAX_BYTES) {
      dropOldest();
    }
    records[(head + count) % records.length] = record;
    count++;
    bytes += record.bytes();
  }

  private void dropOldest() {
    EventRecord oldest = at(0);
    records[head] = null;
    head = (head + 1) % records.length;
    count--;
    bytes -= oldest.bytes();
    first = oldest.offset() + 1;
  }

  /**
   * Everything before {@code offset} has been added.
   *
   * @return whether that is news
   */
  synchronized boolean readTo(long offset) {
    boolean news = offset > end;
    end = Math.max(end, offset);
    return news;
  }

  /** Offset of the next record. */
  synchronized long end() {
    return end;
  }

  /** At most {@code most} records from offset {@code next} on. */
  synchronized Slice read(long next, int most) {
    if (next < first) {
      return new Slice(Place.BEHIND, List.of(), next);
    }
    if (next > end) {
      return new Slice(Place.AHEAD, List.of(), next);
    }
    List<EventRecord> found = new ArrayList<>();
    int index = indexOf(next);
    while (index < count && found.size() < most) {
      found.add(at(index++));
    }
    return new Slice(Place.HERE, found, index < count ? at(index).offset() : end);
  }

  /** Index of the first record at or after an offset. */
  private int indexOf(long offset) {
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (at(middle).offset() < offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private EventRecord at(int index) {
    EventRecord record = records[(head + index) % records.length];
    if (record == null) {
      throw new IllegalStateException("the ring has no record " + index + " of " + count);
    }
    return record;
  }
}
