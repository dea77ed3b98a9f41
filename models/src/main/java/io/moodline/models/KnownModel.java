package io.moodline.models;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;

/**
 * A model that its publisher hands out and this project knows the digest of.
 *
 * @param name what {@code moodline model pull} calls it
 * @param what what it does and whose it is, in a clause for people
 * @param licence SPDX id
 * @param address where the publisher keeps it
 * @param bytes its size
 * @param sha256 its digest in hex
 * @param file where it belongs below the folder of bundles
 */
public record KnownModel(
    String name, String what, String licence, URI address, long bytes, String sha256, String file) {

  /** The face detector that the analyzer prefers; without it OpenCV's cascade is used. */
  static final KnownModel YUNET =
      new KnownModel(
          "yunet",
          "face detector of OpenCV Zoo, finds turned and small faces",
          "MIT",
          URI.create(
              "https://media.githubusercontent.com/media/opencv/opencv_zoo/main"
                  + "/models/face_detection_yunet/face_detection_yunet_2023mar.onnx"),
          232_589,
          "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
          "yunet/face_detection_yunet_2023mar.onnx");

  /** The same detector of any size and batch: it looks at a wide frame without empty margins. */
  static final KnownModel YUNET_DYNAMIC =
      new KnownModel(
          "yunet-dynamic",
          "its kin for pictures of any shape, several at once; used where it is, finds more that is no face",
          "Apache-2.0",
          URI.create(
              "https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/"
                  + "master/onnx/yunet_n_dynamic.onnx"),
          322_906,
          "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12",
          "yunet-dynamic/yunet_n_dynamic.onnx");

  private static final List<KnownModel> ALL = List.of(YUNET, YUNET_DYNAMIC);

  /** All of them. */
  public static List<KnownModel> all() {
    return ALL;
  }

  /** The one of that name. */
  public static KnownModel of(String name) {
    return ALL.stream()
        .filter(known -> known.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new BundleException(
                    "model "
                        + name
                        + " is none that can be pulled; there are "
                        + ALL.stream().map(KnownModel::name).toList()
                        + ", and `moodline model import` takes checkpoints"));
  }

  /** Its path among the bundles. */
  public Path path(Path bundles) {
    return bundles.resolve(file);
  }
}
