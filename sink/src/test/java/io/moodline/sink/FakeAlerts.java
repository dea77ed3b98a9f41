package io.moodline.sink;

import io.moodline.schemas.AlertKey;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Alert;
import io.moodline.schemas.v1.AlertState;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Makes alerts as the rules' processor would. */
final class FakeAlerts {
  private FakeAlerts() {}

  /** One that fires, or that is over where it has an end. */
  static Alert alert(String stream, String rule, Instant start, @Nullable Instant end) {
    return alert(stream, rule, start, end, Instant.now());
  }

  /** The same, written at such a time. */
  static Alert alert(
      String stream, String rule, Instant start, @Nullable Instant end, Instant updatedAt) {
    return Alert.newBuilder()
        .setRuleId(rule)
        .setRuleRevision(1)
        .setStreamId(stream)
        .setState(end == null ? AlertState.FIRING : AlertState.RESOLVED)
        .setStart(start)
        .setEnd(end)
        .setMessage("holds: anger > 0.5")
        .setUpdatedAt(updatedAt)
        .build();
  }

  static byte[] key(Alert alert) {
    return new AlertKey(alert.getStreamId(), alert.getStart(), alert.getRuleId()).encode();
  }

  /** Writes one to the table's topic. */
  static void send(ApiFixture api, Alert alert) throws Exception {
    api.send(
        api.stage.kafka().topics().alertHistory(),
        alert.getStreamId(),
        key(alert),
        Serdes.ALERT.encode(alert));
  }
}
