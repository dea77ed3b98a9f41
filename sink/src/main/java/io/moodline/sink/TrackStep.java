package io.moodline.sink;

import io.moodline.schemas.v1.FrameFaces;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A frame whose faces were followed, or the end of tracks without a frame. Thread-safe.
 *
 * @param frame null where a stream fell silent
 * @param tracks track of each followed face, by its index in the frame
 * @param ended tracks that have ended: nothing of them follows
 */
record TrackStep(
    String streamId,
    String runId,
    @Nullable FrameFaces frame,
    Map<Integer, Long> tracks,
    List<Long> ended) {}
