package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.runtime.DataKey.BrokenSealException;
import io.moodline.runtime.SealedRecords.Faces;
import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.SchemaIds;
import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import io.moodline.schemas.v1.StreamKind;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;

class SealedRecordsTest {
  private static final byte[] JPEG = {(byte) 0xFF, (byte) 0xD8, 1, 2, 3};

  private final DataKey key = DataKey.create("lobby");
  private final KeyRing ring =
      (stream, id) ->
          stream.equals("lobby") && id.equals(key.id()) ? Optional.of(key) : Optional.empty();

  private static Frame.Builder frame() {
    return Frame.newBuilder()
        .setStreamId("lobby")
        .setRunId("run")
        .setSequence(7)
        .setKind(StreamKind.LIVE)
        .setDroppedBefore(Map.of())
        .setCaptureTime(Instant.EPOCH)
        .setMediaTimeMicros(0)
        .setTargetFramesPerSecond(5)
        .setWidth(640)
        .setHeight(360)
        .setJpeg(ByteBuffer.wrap(JPEG));
  }

  private static FrameFaces faces(int count) {
    Face face =
        new Face(
            new Box(0f, 0f, 1f, 1f), List.of(), 0.9f, List.of(0.2f, 0.8f), List.of(), null, false);
    return FrameFaces.newBuilder()
        .setStreamId("lobby")
        .setRunId("run")
        .setSequence(7)
        .setKind(StreamKind.LIVE)
        .setDroppedBefore(Map.of())
        .setCaptureTime(Instant.EPOCH)
        .setMediaTimeMicros(0)
        .setTargetFramesPerSecond(5)
        .setOutcome(Outcome.ANALYSED)
        .setWidth(640)
        .setHeight(360)
        .setFaces(java.util.Collections.nCopies(count, face))
        .setDetector("detector")
        .setModel("model")
        .setModelDigest("00")
        .setLabels(List.of("neutral", "happiness"))
        .setAnalysedAt(Instant.EPOCH)
        .build();
  }

  @Test
  void plainPicturesAreReadAsTheyAreAndSealedOnesOpened() throws Exception {
    assertThat(SealedRecords.jpeg(frame().build(), null)).isEqualTo(JPEG);
    byte[] sealed = key.seal(JPEG, SealedRecords.picture("lobby", "run", 7));
    Frame frame = frame().setKeyId(key.id()).setJpeg(ByteBuffer.wrap(sealed)).build();
    assertThat(SealedRecords.jpeg(frame, key)).isEqualTo(JPEG);
    assertThat(SealedRecords.open(frame, ring)).contains(frame().build());
  }

  @Test
  void facesComeBackAsTheyWere() throws Exception {
    FrameFaces plain = faces(3);
    FrameFaces sealed = SealedRecords.seal(plain, key, Faces.IN_USE);
    assertThat(sealed.getFaces()).isEmpty();
    FrameFaces opened = SealedRecords.open(sealed, ring, Faces.IN_USE).orElseThrow();
    assertThat(opened).isEqualTo(FrameFaces.newBuilder(plain).setKeyId(key.id()).build());
    assertThat(SealedRecords.open(plain, ring, Faces.IN_USE)).contains(plain);
    assertThatThrownBy(() -> SealedRecords.open(sealed, ring, Faces.TRIAL))
        .isInstanceOf(BrokenSealException.class);
  }

  @Test
  void aFrameWithoutFacesNeedsNoSealAndStillBelongsToItsKey() throws Exception {
    FrameFaces empty = faces(0);
    assertThat(SealedRecords.seal(empty, key, Faces.IN_USE)).isSameAs(empty);
    FrameFaces named = FrameFaces.newBuilder(empty).setKeyId(key.id()).build();
    assertThat(SealedRecords.open(named, ring, Faces.IN_USE)).contains(named);
    FrameFaces erased = FrameFaces.newBuilder(empty).setKeyId("thrown-away").build();
    assertThat(SealedRecords.open(erased, ring, Faces.IN_USE)).isEmpty();
  }

  /** Numbers of a registry would have to be asked for behind the seal. */
  @Test
  void sealedFacesNameTheirSchemaThemselvesAlsoWithARegistry() throws Exception {
    AvroSerde.use(
        new SchemaIds() {
          @Override
          public int idOf(Schema schema) {
            throw new AssertionError("asked for " + schema.getName());
          }

          @Override
          public Schema schemaOf(int id) {
            throw new AssertionError("asked for " + id);
          }
        });
    try {
      FrameFaces sealed = SealedRecords.seal(faces(1), key, Faces.IN_USE);
      assertThat(SealedRecords.open(sealed, ring, Faces.IN_USE).orElseThrow().getFaces())
          .hasSize(1);
    } finally {
      AvroSerde.use(null);
    }
  }
}
