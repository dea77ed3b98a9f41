package io.moodline.models;

/**
 * What a network takes per face: uint8 [height, width, channels], NHWC, RGB; and float [height,
 * width] beside it if it looks through a mask.
 */
record InputSpec(int width, int height, int channels, MaskKind mask) {
  private static final int LARGEST_SIDE = 1024;

  InputSpec {
    if (width < 1 || height < 1 || width > LARGEST_SIDE || height > LARGEST_SIDE) {
      throw new IllegalArgumentException(
          "an input of " + width + " x " + height + " pixels; 1 to " + LARGEST_SIDE + " each");
    }
    if (channels != 3) {
      throw new IllegalArgumentException("an input of " + channels + " channels; must be 3");
    }
  }

  InputSpec(int width, int height, int channels) {
    this(width, height, channels, MaskKind.NONE);
  }

  int pixels() {
    return width * height;
  }

  int bytes() {
    return width * height * channels;
  }

  /** The session's input shape, with -1 for the batch. */
  long[] shape() {
    return new long[] {-1, height, width, channels};
  }

  long[] maskShape() {
    return new long[] {-1, height, width};
  }
}
