package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.VideoContainer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVInputFormat;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The choice between decoders, with FFmpeg's own: a second one in software stands where hardware
 * would, so that what is shown must be the same picture for picture.
 */
@Timeout(120)
class PictureCodecsTest {
  private static final int PICTURES = 150;
  private static final long STEP_NANOS = 40_000_000;
  @TempDir static Path folder;
  private static AVFormatContext format;
  private static AVStream stream;
  private static PictureCodec.Setup setup;

  @BeforeAll
  static void open() throws Exception {
    avutil.av_log_set_level(avutil.AV_LOG_FATAL); // the nonsense below is not worth a word
    Path file = folder.resolve("clip.mp4");
    Clips.numbered(PICTURES / 25).write(file);
    format = avformat.avformat_alloc_context();
    int code =
        avformat.avformat_open_input(
            format, file.toString(), (AVInputFormat) null, (AVDictionary) null);
    assertThat(code).isZero();
    avformat.avformat_find_stream_info(format, (PointerPointer<?>) null);
    stream = format.streams(0);
    setup =
        new PictureCodec.Setup(
            avcodec.avcodec_find_decoder(stream.codecpar().codec_id()),
            "h264",
            stream.codecpar(),
            stream.time_base(),
            true,
            false);
  }

  @AfterAll
  static void close() {
    avformat.avformat_close_input(format);
  }

  @Test
  void saysOfEachKindOfHardwareWhyItDoesNotOpen() {
    assertThat(HardwareDevices.names()).isNotEmpty().doesNotHaveDuplicates();
    for (String name : HardwareDevices.names()) {
      HardwareDevices.Device device = HardwareDevices.open(name);
      assertThat(device.context() == null).as(name).isEqualTo(!device.problem().isBlank());
      assertThat(device.problem()).doesNotContain("[", "\n");
      assertThat(HardwareDevices.open(name)).isSameAs(device);
    }
    assertThat(HardwareDevices.open("abacus").problem())
        .isEqualTo("FFmpeg was built with " + String.join(", ", HardwareDevices.names()) + " only");
  }

  @Test
  void decodesInSoftwareAndSaysWhy() throws Exception {
    List<Long> right = decode(PictureCodecs.open(setup, HardwareWish.of("off"), STEP_NANOS), null);
    assertThat(right).hasSize(PICTURES).doesNotHaveDuplicates();
    DecodedBy[] told = new DecodedBy[1];
    PictureCodecs asked = PictureCodecs.open(setup, HardwareWish.of("abacus"), STEP_NANOS);
    assertThat(decode(asked, told)).isEqualTo(right);
    assertThat(told[0].decoder()).isEqualTo("software");
    assertThat(told[0].why()).startsWith("abacus: FFmpeg was built with ");
    // Whatever there is here, pictures come, and all that was passed over is named.
    assertThat(decode(PictureCodecs.open(setup, HardwareWish.of("auto"), STEP_NANOS), told))
        .hasSize(PICTURES);
    for (String name : HardwareDevices.names()) {
      if (HardwareDevices.names().stream()
          .allMatch(it -> HardwareDevices.open(it).context() == null)) {
        assertThat(told[0].decoder()).isEqualTo("software");
        assertThat(told[0].why()).contains(name + ": " + HardwareDevices.open(name).problem());
      }
    }
  }

  @Test
  void takesOverFromSoftwareWithoutLosingOrDoublingAPicture() throws Exception {
    List<Long> right = decode(PictureCodecs.open(setup, HardwareWish.of("off"), STEP_NANOS), null);
    for (boolean better : new boolean[] {true, false}) {
      DecodedBy[] told = new DecodedBy[1];
      List<CodecCost> costs = new ArrayList<>();
      PictureCodecs both =
          PictureCodecs.tried(
              setup,
              other(),
              "other",
              (tried, software) -> {
                costs.addAll(List.of(tried, software));
                return better;
              });
      assertThat(decode(both, told)).isEqualTo(right);
      assertThat(told[0].decoder()).isEqualTo(better ? "other" : "software");
      assertThat(told[0].why()).startsWith("a picture took other ").contains(", software ");
      assertThat(costs).hasSize(2); // judged once
      for (CodecCost cost : costs) {
        assertThat(cost.pictures())
            .isGreaterThanOrEqualTo(
                PictureCodecs.TRIAL_PICTURES - PictureCodec.UNMEASURED_PICTURES);
        assertThat(cost.wallNanos()).isPositive();
      }
    }
  }

  @Test
  void goesOnInSoftwareWhereHardwareFails() throws Exception {
    List<Long> right = decode(PictureCodecs.open(setup, HardwareWish.of("off"), STEP_NANOS), null);
    DecodedBy[] told = new DecodedBy[1];
    PictureCodecs failing = PictureCodecs.asked(setup, other(), "other");
    assertThat(failing.news()).isEmpty();
    sendNonsense(failing);
    assertThat(decode(failing, told)).isEqualTo(right);
    assertThat(told[0].decoder()).isEqualTo("software");
    assertThat(told[0].why()).startsWith("other: it fails: ");
    PictureCodecs working = PictureCodecs.asked(setup, other(), "other");
    assertThat(decode(working, told)).isEqualTo(right);
    assertThat(told[0]).isEqualTo(new DecodedBy("other", "asked for"));
  }

  @Test
  void prefersWhatTakesLessOfTheProcessorAndKeepsUp() {
    CodecCost software = new CodecCost(45, 45 * 5_000_000L, 45 * 5_000_000L);
    assertThat(cost(1, 19).isBetterThan(software, STEP_NANOS)).isTrue();
    assertThat(cost(6, 6).isBetterThan(software, STEP_NANOS)).isFalse();
    assertThat(cost(1, 21).isBetterThan(software, STEP_NANOS)).isFalse();
    assertThat(cost(1, 19).text()).isEqualTo("1.00 ms of processor and 19.00 ms in all");
  }

  @Test
  void leavesRecordingsAndWhatFellToSoftware() {
    HardwareWish auto = HardwareWish.of("auto");
    var webcam = new DecodeOrder.Webcam("0", "/dev/video0", "", "", 5);
    var recording = new DecodeOrder.Recording(folder, VideoContainer.MP4, 5, -1);
    assertThat(auto.of(webcam, false)).isSameAs(auto);
    assertThat(auto.of(webcam, true).name()).isEmpty();
    assertThat(auto.of(webcam, true).whySoftware()).contains("went down");
    assertThat(auto.of(recording, false).name()).isEmpty();
    assertThat(auto.of(recording, false).whySoftware()).startsWith("recordings are decoded in");
    HardwareWish off = HardwareWish.of("off");
    assertThat(off.of(webcam, false).whySoftware()).isEqualTo("ingest.decoder.hardware is off");
  }

  private static CodecCost cost(long processorMillis, long wallMillis) {
    return new CodecCost(45, 45 * processorMillis * 1_000_000, 45 * wallMillis * 1_000_000);
  }

  private static PictureCodec other() {
    PictureCodec codec = PictureCodec.open(setup, null, false);
    assertThat(codec).isNotNull();
    return codec;
  }

  private static void sendNonsense(PictureCodecs codecs) throws SourceException {
    AVPacket data = avcodec.av_packet_alloc();
    try {
      for (int i = 0; i < 20; i++) {
        avcodec.av_new_packet(data, 64);
        data.data().limit(64).fill(0x55);
        codecs.send(data);
        assertThat(codecs.receive()).isNegative();
        avcodec.av_packet_unref(data);
      }
    } finally {
      avcodec.av_packet_free(data);
    }
  }

  /** Decodes the whole clip and closes; what was told last is left in {@code told}. */
  private static List<Long> decode(PictureCodecs codecs, DecodedBy[] told) throws Exception {
    assertThat(avformat.av_seek_frame(format, 0, 0, avformat.AVSEEK_FLAG_BACKWARD)).isNotNegative();
    List<Long> pictures = new ArrayList<>();
    AVPacket data = avcodec.av_packet_alloc();
    try (codecs) {
      while (avformat.av_read_frame(format, data) >= 0) {
        if (data.stream_index() == stream.index()) {
          codecs.send(data);
          take(codecs, pictures);
        }
        avcodec.av_packet_unref(data);
      }
      codecs.send(null);
      take(codecs, pictures);
      codecs.news().ifPresent(now -> keep(told, now));
    } finally {
      avcodec.av_packet_free(data);
    }
    return pictures;
  }

  private static void keep(DecodedBy[] told, DecodedBy now) {
    if (told != null) {
      told[0] = now;
    }
  }

  private static void take(PictureCodecs codecs, List<Long> pictures) throws SourceException {
    while (codecs.receive() >= 0) {
      pictures.add(digest(codecs.picture()));
    }
  }

  /** Of the time and the brightness. */
  private static long digest(AVFrame picture) {
    CRC32 crc = new CRC32();
    byte[] row = new byte[picture.width()];
    BytePointer plane = new BytePointer(picture.data(0));
    for (int y = 0; y < picture.height(); y++) {
      plane.position((long) y * picture.linesize(0)).get(row);
      crc.update(row);
    }
    return crc.getValue() << 32 | picture.best_effort_timestamp() & 0xFFFFFFFFL;
  }
}
