package io.moodline.sink;

import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.StreamKind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/**
 * Faces whose owners are known: people come in, cross, hide one another and leave, and a detector
 * sees them with jitter, misses some, is unsure of those half hidden, and sees some that are not
 * there.
 */
final class TrackScene {
  /** Stands for a face that is none. */
  static final int NOBODY = -1;

  private static final int SECONDS = 30;

  /** A frame and, for each of its faces, whose it is. */
  record Shot(FrameFaces frame, List<Integer> owners) {}

  private record Seen(Face face, int owner) {}

  /** One person on the way through the picture. */
  private static final class Person {
    final int id;
    final double size;
    final double from;
    final double until;
    double x;
    double y;
    double speedX;
    double speedY;

    Person(int id, Random random) {
      this.id = id;
      size = 0.07 + 0.1 * random.nextDouble();
      from = random.nextInt(3) == 0 ? 0 : random.nextDouble() * SECONDS * 0.7;
      until = from + 4 + random.nextDouble() * SECONDS;
      x = random.nextDouble();
      y = 0.3 + 0.4 * random.nextDouble();
      speedX = (random.nextBoolean() ? 1 : -1) * (0.05 + 0.15 * random.nextDouble());
      speedY = 0.04 * random.nextGaussian();
    }

    void move(double seconds, Random random) {
      speedX += 0.1 * Math.sqrt(seconds) * random.nextGaussian();
      speedY += 0.04 * Math.sqrt(seconds) * random.nextGaussian();
      speedX = turned(x, Math.max(-0.3, Math.min(0.3, speedX)));
      speedY = turned(y, Math.max(-0.1, Math.min(0.1, speedY)));
      x += speedX * seconds;
      y += speedY * seconds;
    }

    private static double turned(double place, double speed) {
      return place < 0.08 ? Math.abs(speed) : place > 0.92 ? -Math.abs(speed) : speed;
    }

    boolean isThere(double time) {
      return time >= from && time < until;
    }

    Box box() {
      return Boxes.around(x, y, size, size * 1.3);
    }
  }

  private TrackScene() {}

  static List<Shot> make(long seed, int people, double framesPerSecond) {
    Random random = new Random(seed);
    List<Person> all = new ArrayList<>();
    for (int i = 0; i < people; i++) {
      all.add(new Person(i, random));
    }
    List<Shot> shots = new ArrayList<>();
    for (int i = 0; i < SECONDS * framesPerSecond; i++) {
      double time = i / framesPerSecond;
      all.forEach(person -> person.move(1 / framesPerSecond, random));
      List<Person> there = all.stream().filter(person -> person.isThere(time)).toList();
      shots.add(shot(i, time, framesPerSecond, there, random));
    }
    return shots;
  }

  private static Shot shot(
      int number, double time, double framesPerSecond, List<Person> there, Random random) {
    List<Seen> seen = new ArrayList<>();
    for (Person person : there) {
      double hidden =
          there.stream()
              .filter(other -> other.size > person.size)
              .mapToDouble(other -> Boxes.covered(person.box(), other.box()))
              .max()
              .orElse(0);
      double luck = random.nextDouble();
      if (hidden < 0.65 && luck > 0.08) {
        boolean weak = hidden > 0.25 || luck < 0.2;
        double score = weak ? 0.55 + 0.14 * random.nextDouble() : 0.72 + 0.25 * random.nextDouble();
        seen.add(new Seen(FakeFrames.faceAt(jittered(person.box(), random), score), person.id));
      }
    }
    if (random.nextDouble() < 0.2) {
      Box nothing =
          Boxes.around(
              random.nextDouble(), random.nextDouble(), 0.05 + 0.1 * random.nextDouble(), 0.1);
      double score = 0.5 + 0.3 * random.nextDouble();
      seen.add(new Seen(FakeFrames.faceAt(nothing, score), NOBODY));
    }
    seen.sort(Comparator.comparing(it -> -it.face().getFaceScore()));
    FrameFaces frame =
        FakeFrames.frame(
                "scene",
                "run",
                number,
                StreamKind.RECORDING,
                Instant.EPOCH.plusNanos(Math.round(time * 1e6) * 1000))
            .setTargetFramesPerSecond(framesPerSecond)
            .setFaces(seen.stream().map(Seen::face).toList())
            .build();
    return new Shot(frame, seen.stream().map(Seen::owner).toList());
  }

  private static Box jittered(Box box, Random random) {
    double width = box.getWidth() * (1 + 0.05 * random.nextGaussian());
    double height = box.getHeight() * (1 + 0.05 * random.nextGaussian());
    return Boxes.around(
        box.getX() + box.getWidth() / 2 + 0.05 * box.getWidth() * random.nextGaussian(),
        box.getY() + box.getHeight() / 2 + 0.05 * box.getHeight() * random.nextGaussian(),
        width,
        height);
  }
}
