package io.moodline.models;

/**
 * What a bundle's manifest says of the faces that its network takes; the network is neither read
 * nor checked, see {@link Bundle}. Thread-safe.
 *
 * @param digest SHA-256 of {@code model.json} in hex, as {@link Bundle#digest}
 * @param mask which mask the network looks through; none for most
 * @param width of the network's input in pixels
 * @param height of the network's input in pixels
 */
public record BundleOutline(
    String name, String digest, MaskKind mask, CropTemplate crop, int width, int height) {
  static BundleOutline of(Manifest manifest, String digest) {
    InputSpec input = manifest.input();
    return new BundleOutline(
        manifest.name(), digest, input.mask(), manifest.crop(), input.width(), input.height());
  }
}
