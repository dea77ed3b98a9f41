package io.moodline.sink;

import io.moodline.schemas.v1.FaceEmotion;
import io.moodline.schemas.v1.FrameFaces;
import java.util.List;

/**
 * A frame, or the end mark of a run, with the public events of its faces. Thread-safe.
 *
 * @param events one for each face, in the frame's order
 */
record ScoredFrame(FrameFaces frame, List<FaceEmotion> events) {}
