package io.moodline.sink;

import io.moodline.schemas.AlertKey;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Alert;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Reads what rules found, newest first, wherever the table that holds it is: each stream's owner is
 * asked for a few alerts at a time, and those of all streams are merged. Throws {@link
 * NotReadyException} while the stores are starting or moving. Thread-safe, but for {@link #stale},
 * which is of one request.
 */
final class AlertQueries {
  /** Most alerts that are read for one answer, so that a rare rule costs no more than others. */
  static final int MOST_READ = 20_000;

  /** Alerts that are asked for at a time, the first time and at most. */
  private static final int FIRST_PAGE = 16;

  private static final int LARGEST_PAGE = 512;

  /** Oldest last; alerts of one instant by stream and rule, backwards as everything. */
  private static final Comparator<AlertKey> OLDEST_FIRST =
      Comparator.comparing(AlertKey::start)
          .thenComparing(AlertKey::streamId)
          .thenComparing(AlertKey::ruleId);

  private final StoreReader stores;

  /** Answers that are never stale. */
  AlertQueries(StoreAsker stores, TimelineMetrics metrics) {
    this(new StoreReader(stores, metrics));
  }

  private AlertQueries(StoreReader stores) {
    this.stores = stores;
  }

  /** The same for one request that can show a mark on its answer. */
  AlertQueries orStale() {
    return new AlertQueries(stores.orStale());
  }

  /** Whether any answer so far may be older than what the owners would have said. */
  boolean stale() {
    return stores.stale();
  }

  /**
   * What is asked for.
   *
   * @param rule only what this rule found; null for all
   * @param from earliest start
   * @param to first start that is not wanted
   * @param after only what follows this one in the list; null from the newest on
   * @param limit most alerts, above 0
   */
  record Asked(
      List<String> streams,
      @Nullable String rule,
      Instant from,
      Instant to,
      @Nullable AlertKey after,
      int limit) {
    /** First start that a page no longer has. */
    Instant end() {
      Instant behind = after == null ? to : after.start().plus(1, ChronoUnit.MICROS);
      return behind.isBefore(to) ? behind : to;
    }

    boolean wants(Alert alert) {
      return rule == null || rule.equals(alert.getRuleId());
    }
  }

  /**
   * One page of the list.
   *
   * @param next what to go on after; null at the end of the list. Where one rule was asked for
   *     there may be a next page though this one is not full
   */
  record Found(List<Alert> alerts, @Nullable AlertKey next) {
    Found {
      alerts = List.copyOf(alerts);
    }
  }

  /** Alerts of streams by their start, newest first. */
  Found find(Asked asked) {
    PriorityQueue<StreamAlerts> newest =
        new PriorityQueue<>(Comparator.comparing(StreamAlerts::key, OLDEST_FIRST).reversed());
    for (String stream : asked.streams()) {
      StreamAlerts alerts = new StreamAlerts(stream, asked);
      if (alerts.advance()) {
        newest.add(alerts);
      }
    }
    List<Alert> found = new ArrayList<>();
    AlertKey last = null;
    for (int read = 0; read < MOST_READ; read++) {
      StreamAlerts alerts = newest.poll();
      if (alerts == null) {
        return new Found(found, null);
      }
      if (asked.wants(alerts.alert())) {
        if (found.size() == asked.limit()) {
          return new Found(found, last);
        }
        found.add(alerts.alert());
      }
      last = alerts.key();
      if (alerts.advance()) {
        newest.add(alerts);
      }
    }
    return new Found(found, last);
  }

  /** Whether nothing that rules found in a stream is left. */
  boolean hasNone(String stream) {
    byte[] first = new AlertKey(stream, Times.FIRST, "").encode();
    byte[] last = new AlertKey(stream, Times.LAST, "").encode();
    return stores.ask(QueryStore.ALERTS, stream, first, last, 1, true).isEmpty();
  }

  private static AlertKey keyOf(Alert alert) {
    return new AlertKey(alert.getStreamId(), alert.getStart(), alert.getRuleId());
  }

  /** The alerts of one stream, newest first, read page by page. Confined to one request. */
  private final class StreamAlerts {
    private final String stream;
    private final byte[] first;
    private final Deque<Alert> read = new ArrayDeque<>();

    /** The last key to read, inclusive; empty once all is read. */
    private Optional<byte[]> last;

    private int page = FIRST_PAGE;

    /** What was read last of the list, which is no part of the rest. */
    private @Nullable AlertKey before;

    private @Nullable Alert current;

    StreamAlerts(String stream, Asked asked) {
      this.stream = stream;
      this.first = new AlertKey(stream, asked.from(), "").encode();
      this.last =
          asked.from().isBefore(asked.end())
              ? Optional.of(new AlertKey(stream, asked.end(), "").encode())
              : Optional.empty();
      this.before = asked.after();
    }

    /** Goes to the next alert; false when there is none. */
    boolean advance() {
      while (read.isEmpty() && last.isPresent()) {
        ask(last.get());
      }
      current = read.poll();
      return current != null;
    }

    private void ask(byte[] to) {
      List<byte[]> values = stores.ask(QueryStore.ALERTS, stream, first, to, page, true);
      AlertKey oldest = null;
      for (byte[] value : values) {
        Alert alert = stores.read(Serdes.ALERT, value).orElse(null);
        if (alert != null) {
          oldest = keyOf(alert);
          if (before == null || OLDEST_FIRST.compare(oldest, before) < 0) {
            read.add(alert);
          }
        }
      }
      if (values.size() < page) {
        last = Optional.empty();
      } else if (oldest == null) {
        throw new NotReadyException("a page of " + page + " alerts can not be read");
      } else {
        last = Optional.of(oldest.encode());
        before = oldest;
      }
      page = Math.min(LARGEST_PAGE, 2 * page);
    }

    Alert alert() {
      return java.util.Objects.requireNonNull(current);
    }

    AlertKey key() {
      return keyOf(alert());
    }
  }
}
