package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.AlertKey;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Alert;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OldAlertsTest {
  private static final Instant NOON = TableDriver.NOON;
  private static final Duration DAY = Duration.ofDays(1);

  @TempDir Path folder;

  @Test
  void removesWhatIsNotKeptByTheClockOnTheWall() {
    try (TableDriver table = new TableDriver(folder, Map.of(), DAY, DAY)) {
      for (String stream : List.of("lobby", "only-old", "z")) {
        send(table, stream, 0, NOON);
        send(table, stream, 1, NOON);
      }
      send(table, "lobby", 2, NOON.plus(DAY));
      send(table, "z", -3_000_000_000L, NOON.plus(DAY)); // of a film of 1931, replayed later
      table.sendAlert(new byte[] {1}, new byte[] {1});
      table.wait(DAY);
      assertThat(kept(table)).hasSize(8);
      table.wait(PruneRounds.ROUND);
      assertThat(kept(table))
          .as("the oldest of a stream go first: those behind one that is kept wait for it")
          .containsExactly("z/-3000000000", "z/0", "z/1", "lobby/2");
      table.wait(DAY);
      assertThat(kept(table)).isEmpty();
    }
  }

  private static void send(TableDriver table, String stream, long second, Instant written) {
    Alert alert = FakeAlerts.alert(stream, "r", NOON.plusSeconds(second), null, written);
    table.sendAlert(FakeAlerts.key(alert), Serdes.ALERT.encode(alert));
  }

  private static List<String> kept(TableDriver table) {
    return table.keys(TimelineTable.ALERT_STORE).stream()
        .filter(bytes -> bytes.length > 1)
        .map(AlertKey::decode)
        .map(key -> key.streamId() + "/" + Duration.between(NOON, key.start()).toSeconds())
        .toList();
  }
}
