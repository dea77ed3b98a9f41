package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Keeps what a decoder tells, and checks its order. */
class Heard implements DecodeListener {
  final List<DecodedFrame> frames = new CopyOnWriteArrayList<>();
  private final CountDownLatch end = new CountDownLatch(1);
  private final Consumer<DecodedFrame> onFrame;
  volatile SourceInfo info;
  volatile DecodeFailure failure;

  Heard() {
    this(frame -> {});
  }

  Heard(Consumer<DecodedFrame> onFrame) {
    this.onFrame = onFrame;
  }

  @Override
  public void opened(SourceInfo opened) {
    assertThat(info).isNull();
    info = opened;
  }

  @Override
  public void frame(DecodedFrame frame) {
    assertThat(end.getCount()).isEqualTo(1);
    frames.add(frame);
    onFrame.accept(frame);
  }

  @Override
  public void ended() {
    assertThat(end.getCount()).isEqualTo(1);
    end.countDown();
  }

  @Override
  public void failed(DecodeFailure why) {
    assertThat(end.getCount()).isEqualTo(1);
    failure = why;
    end.countDown();
  }

  boolean hasEnded() {
    return end.getCount() == 0;
  }

  Heard awaitEnd() throws InterruptedException {
    assertThat(end.await(120, TimeUnit.SECONDS)).as("decoding ends").isTrue();
    return this;
  }
}
