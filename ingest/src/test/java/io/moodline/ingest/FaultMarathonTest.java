package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.moodline.schemas.SourceUri;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Faults one after the other, eight at a time, and nothing left behind. {@code -Dmoodline.faults}
 * says how many; a release is given ten thousand.
 */
@Timeout(value = 3600, unit = TimeUnit.SECONDS)
class FaultMarathonTest {
  private static final int FAULTS = Integer.getInteger("moodline.faults", 300);
  private static final int AT_ONCE = 8;

  /** A thread that reads or writes a channel keeps a buffer for the next time. */
  private static final long MOST_DIRECT_BYTES = 16L << 20;

  /** Those that a link finds by itself and at once; the others are in {@link FaultTableTest}. */
  private static final Set<Fault> QUICK =
      EnumSet.of(
          Fault.RESET_IN_HANDSHAKE,
          Fault.HANG_UP_IN_HANDSHAKE,
          Fault.NOT_RTSP,
          Fault.LINE_WITHOUT_END,
          Fault.LOCKED_OUT,
          Fault.PASSWORD_CHANGED,
          Fault.REDIRECT_LOOP,
          Fault.REDIRECT_INNER,
          Fault.REDIRECT_FILE,
          Fault.HTTP_REDIRECT_LOOP,
          Fault.HTTP_REDIRECT_INNER,
          Fault.HTTP_REDIRECT_SPELLING,
          Fault.PLAYLIST_TO_FILE,
          Fault.PLAYLIST_TO_INNER,
          Fault.PLAYLIST_KEY_FILE,
          Fault.NO_SUCH_PATH,
          Fault.SERVER_ERROR,
          Fault.AUDIO_ONLY,
          Fault.UNKNOWN_CODEC,
          Fault.ENDLESS_DESCRIPTION,
          Fault.WEB_PAGE,
          Fault.SINGLE_PICTURE,
          Fault.BROKEN_CHUNKS,
          Fault.HUGE_JPEG);

  @TempDir Path folder;
  private final Queue<Throwable> bugs = new ConcurrentLinkedQueue<>();

  @Test
  void leavesNoThreadDescriptorOrProcessBehind() throws Exception {
    TestMedia media = TestMedia.make(folder, 192, 144);
    List<Fault> faults = List.copyOf(QUICK);
    try (TestCamera camera = TestCamera.start(media, media);
        DecoderPool pool = DecoderPool.start(1280, 92, (name, cause) -> bugs.add(cause))) {
      Decoders decoders =
          new LinkedDecoders(pool, AddressPolicy.usual(), Dialer.of("", Dialer.Patience.USUAL));
      play(decoders, camera, Stream.of(Fault.HUGE_JPEG, Fault.NOT_RTSP).toList()); // warms up
      await().atMost(Duration.ofMinutes(2)).until(() -> links() == 0 && camera.connections() == 0);
      long descriptors = descriptors();
      long children = pool.pids().size();
      long direct = directBytes();
      long pointers = Pointer.totalBytes(); // of the test's own video
      for (int from = 0; from < FAULTS; from += AT_ONCE) {
        if (from % 1000 < AT_ONCE) {
          tell(from, pool);
        }
        List<Fault> next = new ArrayList<>();
        for (int i = from; i < Math.min(FAULTS, from + AT_ONCE); i++) {
          next.add(faults.get(i % faults.size()));
        }
        play(decoders, camera, next);
      }
      await().atMost(Duration.ofMinutes(2)).until(() -> links() == 0 && camera.connections() == 0);
      await()
          .atMost(Duration.ofMinutes(2))
          .untilAsserted(() -> assertThat(descriptors()).isLessThanOrEqualTo(descriptors + 4));
      await().atMost(Duration.ofMinutes(2)).until(() -> pool.pids().size() <= children + 1);
      // What the parent holds outside its heap: buffers of channels, and nothing of FFmpeg.
      assertThat(directBytes()).isLessThanOrEqualTo(direct + MOST_DIRECT_BYTES);
      assertThat(Pointer.totalBytes()).isLessThanOrEqualTo(pointers);
      tell(FAULTS, pool);
    }
    assertThat(bugs).isEmpty();
  }

  private static void play(Decoders decoders, TestCamera camera, List<Fault> faults)
      throws InterruptedException {
    List<Heard> all = new ArrayList<>();
    List<Decoders.Decoding> open = new ArrayList<>();
    for (Fault fault : faults) {
      SourceUri uri = SourceUri.parse(camera.url(fault).replace("://", "://viewer:s3cret%21@"));
      Heard heard = new Heard();
      all.add(heard);
      open.add(
          decoders.open(new DecodeOrder.Network(uri, InetAddress.getLoopbackAddress(), 10), heard));
    }
    for (int i = 0; i < faults.size(); i++) {
      Heard heard = all.get(i).awaitEnd();
      assertThat(heard.failure).as("%s", faults.get(i)).isNotNull();
      assertThat(heard.failure.message()).contains(faults.get(i).reason);
      open.get(i).close();
    }
  }

  /**
   * For whoever runs ten thousand: resident memory must level off, it can not be a test's bound.
   */
  private static void tell(int faults, DecoderPool pool) throws IOException {
    StringBuilder line = new StringBuilder("after " + faults + " faults, resident KiB: parent ");
    line.append(residentKib(ProcessHandle.current().pid()));
    for (long pid : pool.pids()) {
      line.append(", decoder child ").append(pid).append(' ').append(residentKib(pid));
    }
    System.out.println(line);
  }

  private static String residentKib(long pid) throws IOException {
    Path status = Path.of("/proc/" + pid + "/status");
    if (!Files.isReadable(status)) {
      return "not told";
    }
    return Files.readAllLines(status).stream()
        .filter(it -> it.startsWith("VmRSS:"))
        .map(it -> it.replaceAll("[^0-9]", ""))
        .findFirst()
        .orElse("gone");
  }

  private static long directBytes() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }

  private static long links() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("ingest-link-"))
        .count();
  }

  private static long descriptors() throws IOException {
    Path open = Path.of("/proc/self/fd");
    if (!Files.isDirectory(open)) {
      return 0; // not told on this system
    }
    try (Stream<Path> files = Files.list(open)) {
      return files.count();
    }
  }
}
