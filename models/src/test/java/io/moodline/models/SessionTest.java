package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Exception during initialization: std::bad_alloc",
        "Failed to allocate memory for requested buffer of size 4096",
        "CUDA failure 2: out of memory ; GPU=0"
      })
  void saysWhenARuntimeHadTooLittleMemory(String message) {
    assertThat(Session.oneLine(new OrtException(message)))
        .contains(message)
        .endsWith("there is too little memory outside Java's heap, or on the device");
  }

  @Test
  void putsOtherMessagesOnOneLineAndAddsNothing() {
    assertThat(Session.oneLine(new OrtException("no such\n operator")))
        .endsWith("no such operator");
  }
}
