package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.v1.StreamState;
import io.moodline.schemas.v1.StreamStatus;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StreamHistoryTest {
  private final StreamHistory history = new StreamHistory();
  private long second;

  @Test
  void keepsEachStateOnceWithItsReason() {
    enter(StreamState.CONNECTING, null);
    enter(StreamState.STREAMING, null);
    history.take("lobby", status(StreamState.STREAMING, null)); // another frame, the same state
    enter(StreamState.STALLED, "no frame for 5 s");
    enter(StreamState.STREAMING, null);
    assertThat(history.of("lobby"))
        .extracting(StreamHistory.Change::state)
        .containsExactly(
            StreamState.CONNECTING,
            StreamState.STREAMING,
            StreamState.STALLED,
            StreamState.STREAMING);
    assertThat(history.lastTrouble("lobby").orElseThrow().reason()).isEqualTo("no frame for 5 s");
  }

  @Test
  void countsTriesOfASourceThatIsAway() {
    for (int i = 0; i < 500; i++) {
      enter(StreamState.CONNECTING, null);
      enter(StreamState.BACKING_OFF, "does not answer");
    }
    enter(StreamState.CONNECTING, null);
    enter(StreamState.BACKING_OFF, "refuses the connection");
    assertThat(history.of("lobby"))
        .extracting(StreamHistory.Change::reason, StreamHistory.Change::times)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(null, 1),
            org.assertj.core.groups.Tuple.tuple("does not answer", 500),
            org.assertj.core.groups.Tuple.tuple("refuses the connection", 1));
    assertThat(history.of("lobby").get(1).since()).isEqualTo(Instant.ofEpochSecond(2));
    assertThat(history.of("lobby").get(1).latest()).isEqualTo(Instant.ofEpochSecond(1000));
  }

  @Test
  void forgetsTheOldestAndWhatIsRemoved() {
    for (int i = 0; i < 300; i++) {
      enter(i % 2 == 0 ? StreamState.STREAMING : StreamState.STALLED, "change " + i);
    }
    assertThat(history.of("lobby")).hasSize(StreamHistory.MOST);
    assertThat(history.of("lobby").get(0).reason()).isEqualTo("change 200");
    history.take("lobby", null);
    assertThat(history.of("lobby")).isEmpty();
    assertThat(history.lastTrouble("lobby")).isEmpty();
  }

  private void enter(StreamState state, @Nullable String reason) {
    second++;
    history.take("lobby", status(state, reason));
  }

  private StreamStatus status(StreamState state, @Nullable String reason) {
    Instant since = Instant.ofEpochSecond(second);
    return StreamStatus.newBuilder()
        .setStreamId("lobby")
        .setRevision(1)
        .setState(state)
        .setSince(since)
        .setReason(reason)
        .setPublished(0)
        .setDropped(Map.of())
        .setLastMediaTimeMicros(-1)
        .setWidth(0)
        .setHeight(0)
        .setSourceFramesPerSecond(0)
        .setInstance("test")
        .setUpdatedAt(since)
        .build();
  }
}
