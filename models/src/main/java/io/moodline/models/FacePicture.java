package io.moodline.models;

/**
 * A picture that shows a face and nothing else, as a data set hands it out.
 *
 * @param rgb uint8 [height, width, 3], RGB; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record FacePicture(int width, int height, byte[] rgb) {
  public FacePicture {
    if (rgb.length != 3L * width * height) {
      throw new IllegalArgumentException(rgb.length + " bytes for " + width + " x " + height);
    }
  }

  int side() {
    return Math.min(width, height);
  }

  FacePicture resized(int toWidth, int toHeight) {
    byte[] resized = PictureResize.resize(rgb, width, height, toWidth, toHeight);
    return new FacePicture(toWidth, toHeight, resized);
  }
}
