package io.moodline.analyzer;

/** What there is of the model that a frame is to be scored with. */
sealed interface NamedModel {
  /** It is open. */
  record Ready(Model model) implements NamedModel {}

  /** It is being opened, or waits for its turn. */
  record Opening() implements NamedModel {}

  /** It can not be used; the log says why. */
  record Refused() implements NamedModel {}
}
