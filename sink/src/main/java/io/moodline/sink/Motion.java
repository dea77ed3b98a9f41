package io.moodline.sink;

import io.moodline.schemas.v1.AxisMotion;

/**
 * A Kalman filter over one coordinate that moves at a nearly constant speed: position and speed,
 * with white acceleration as process noise. A box is followed by four of them, which is exact as
 * long as the noises of its coordinates are independent. Units: shares of the picture's side,
 * seconds. Thread-safe.
 */
final class Motion {
  private Motion() {}

  /**
   * A coordinate that was measured once.
   *
   * @param noise standard deviation of the measurement
   * @param speed standard deviation of the speed that nothing is known of yet, per second
   */
  static AxisMotion start(double position, double noise, double speed) {
    return new AxisMotion(position, 0d, noise * noise, 0d, speed * speed);
  }

  /**
   * What is believed {@code seconds} later.
   *
   * @param acceleration standard deviation of the acceleration over one second, per second squared
   */
  static AxisMotion after(AxisMotion before, double seconds, double acceleration) {
    double variance = acceleration * acceleration;
    double square = seconds * seconds;
    double covariance = before.getCovariance() + seconds * before.getSpeedVariance();
    return new AxisMotion(
        at(before, seconds),
        before.getSpeed(),
        before.getPositionVariance()
            + seconds * (before.getCovariance() + covariance)
            + variance * square * seconds / 3,
        covariance + variance * square / 2,
        before.getSpeedVariance() + variance * seconds);
  }

  /** Where it is {@code seconds} later; before, if they are negative. */
  static double at(AxisMotion motion, double seconds) {
    return motion.getPosition() + seconds * motion.getSpeed();
  }

  /**
   * What is believed once the position was measured.
   *
   * @param noise standard deviation of the measurement
   */
  static AxisMotion measured(AxisMotion before, double position, double noise) {
    double total = before.getPositionVariance() + noise * noise;
    double gain = before.getPositionVariance() / total;
    double speedGain = before.getCovariance() / total;
    double error = position - before.getPosition();
    return new AxisMotion(
        before.getPosition() + gain * error,
        before.getSpeed() + speedGain * error,
        (1 - gain) * before.getPositionVariance(),
        (1 - gain) * before.getCovariance(),
        before.getSpeedVariance() - speedGain * before.getCovariance());
  }
}
