package io.moodline.sink;

import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.FaceTrack;
import io.moodline.schemas.v1.FollowedFace;
import io.moodline.schemas.v1.TrackEvent;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Moves, corrects and compares one followed face. Noises are shares of the box's own side, so that
 * a face counts alike near and far, and in any picture. Thread-safe.
 */
final class FollowedFaces {
  private static final double STRONG_NOISE = 0.05;
  private static final double WEAK_NOISE = 0.1;
  private static final double FIRST_SPEED = 1;
  private static final double ACCELERATION = 2;

  /** Sizes change more slowly than places. */
  private static final double SIZE = 0.3;

  private static final double LEAST_GROWTH = 0.1;
  private static final double MOST_GROWTH = 0.5;

  private FollowedFaces() {}

  /**
   * A face that was seen once.
   *
   * @param other track whose box it lies in
   */
  static FollowedFace first(Box box, Instant time, @Nullable Long other) {
    double width = box.getWidth();
    double height = box.getHeight();
    return new FollowedFace(
        null,
        time,
        time,
        1L,
        other,
        Motion.start(box.getX() + width / 2, STRONG_NOISE * width, FIRST_SPEED * width),
        Motion.start(box.getY() + height / 2, STRONG_NOISE * height, FIRST_SPEED * height),
        Motion.start(width, STRONG_NOISE * width, SIZE * FIRST_SPEED * width),
        Motion.start(height, STRONG_NOISE * height, SIZE * FIRST_SPEED * height));
  }

  /** What is believed {@code seconds} later. */
  static FollowedFace after(FollowedFace face, double seconds) {
    double x = ACCELERATION * width(face, 0);
    double y = ACCELERATION * height(face, 0);
    return new FollowedFace(
        face.getTrackId(),
        face.getSince(),
        face.getSeen(),
        face.getFrames(),
        face.getOther(),
        Motion.after(face.getX(), seconds, x),
        Motion.after(face.getY(), seconds, y),
        Motion.after(face.getWidth(), seconds, SIZE * x),
        Motion.after(face.getHeight(), seconds, SIZE * y));
  }

  /** The face in one more frame. */
  static FollowedFace seen(FollowedFace face, long track, Instant time, Box box, boolean strong) {
    double noise = strong ? STRONG_NOISE : WEAK_NOISE;
    double x = noise * width(face, 0);
    double y = noise * height(face, 0);
    return new FollowedFace(
        track,
        face.getSince(),
        time,
        face.getFrames() + 1,
        face.getOther(),
        Motion.measured(face.getX(), box.getX() + box.getWidth() / 2, x),
        Motion.measured(face.getY(), box.getY() + box.getHeight() / 2, y),
        Motion.measured(face.getWidth(), box.getWidth(), x),
        Motion.measured(face.getHeight(), box.getHeight(), y));
  }

  static FollowedFace beside(FollowedFace face, @Nullable Long other) {
    return new FollowedFace(
        face.getTrackId(),
        face.getSince(),
        face.getSeen(),
        face.getFrames(),
        other,
        face.getX(),
        face.getY(),
        face.getWidth(),
        face.getHeight());
  }

  /** Where the face is after {@code seconds}, which may be negative. */
  static Box box(FollowedFace face, double seconds) {
    return Boxes.around(
        Motion.at(face.getX(), seconds),
        Motion.at(face.getY(), seconds),
        width(face, seconds),
        height(face, seconds));
  }

  private static double width(FollowedFace face, double seconds) {
    return Math.max(1e-4, Motion.at(face.getWidth(), seconds));
  }

  private static double height(FollowedFace face, double seconds) {
    return Math.max(1e-4, Motion.at(face.getHeight(), seconds));
  }

  static double overlap(FollowedFace face, Box box) {
    return Boxes.overlap(box(face, 0), box);
  }

  /** Overlap of both boxes grown by as much as the filter is unsure of the place. */
  static double similarity(FollowedFace face, Box box) {
    double unsure =
        Math.sqrt(face.getX().getPositionVariance()) / width(face, 0) / 2
            + Math.sqrt(face.getY().getPositionVariance()) / height(face, 0) / 2;
    double growth = Math.max(LEAST_GROWTH, Math.min(MOST_GROWTH, unsure));
    return Boxes.overlap(Boxes.grown(box(face, 0), growth), Boxes.grown(box, growth));
  }

  /** The number of a face that has one. */
  static long track(FollowedFace face) {
    Long id = face.getTrackId();
    if (id == null) {
      throw new IllegalStateException("a face that was seen once is no track");
    }
    return id;
  }

  static double seconds(Instant from, Instant to) {
    Duration between = Duration.between(from, to);
    return between.getSeconds() + between.getNano() / 1e9;
  }

  static FaceTrack event(
      String streamId, String runId, FollowedFace face, TrackEvent event, Instant time) {
    return new FaceTrack(
        streamId,
        runId,
        track(face),
        event,
        time,
        face.getOther(),
        face.getSince(),
        face.getSeen(),
        face.getFrames(),
        box(face, 0));
  }
}
