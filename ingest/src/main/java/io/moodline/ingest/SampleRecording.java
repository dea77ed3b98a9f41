package io.moodline.ingest;

import io.moodline.ingest.SyntheticClip.Look;
import io.moodline.ingest.SyntheticClip.Pose;
import io.moodline.ingest.SyntheticClip.ScriptedFace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The recording that comes with Moodline, and the command that writes it again. Thread-safe. */
public final class SampleRecording {
  private static final Pose LEFT = Pose.at(180, 165, 120);
  private static final Pose RIGHT = Pose.at(460, 165, 120);
  private static final Pose MIDDLE = Pose.at(320, 165, 130);
  private static final Pose FAR = Pose.at(320, 165, 100);
  private static final Pose NEAR = Pose.at(320, 165, 180);

  /** What happens in it. Faces come, go, grow, dim and change what they show. */
  public static final SyntheticClip CLIP =
      new SyntheticClip(
          640,
          360,
          25,
          30,
          false,
          List.of(
              // 0 to 2 s: nobody.
              ScriptedFace.still(2, 6, MIDDLE, Look.HAPPINESS),
              new ScriptedFace(6, 6.4, MIDDLE.showing(0), MIDDLE, false, Look.SURPRISE),
              ScriptedFace.still(6.4, 10, MIDDLE, Look.SURPRISE),
              // 10 to 12 s: nobody.
              ScriptedFace.still(12, 18, LEFT, Look.NEUTRAL),
              ScriptedFace.still(12, 15, RIGHT, Look.HAPPINESS).inMirror(),
              new ScriptedFace(15, 15.4, RIGHT.showing(0), RIGHT, true, Look.SADNESS),
              ScriptedFace.still(15.4, 18, RIGHT, Look.SADNESS).inMirror(),
              // 18 to 20 s: nobody.
              new ScriptedFace(20, 24, FAR, NEAR, false, Look.SADNESS),
              new ScriptedFace(24, 28, MIDDLE, MIDDLE.lit(0.4), false, Look.ANGER)
              // 28 to 30 s: nobody.
              ));

  private SampleRecording() {}

  /** Writes the sample to the file named by the only argument. */
  public static void main(String[] args) throws IOException {
    CLIP.write(Path.of(args[0]));
  }
}
