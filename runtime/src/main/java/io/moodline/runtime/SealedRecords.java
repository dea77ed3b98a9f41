package io.moodline.runtime;

import io.moodline.runtime.DataKey.BrokenSealException;
import io.moodline.runtime.DataKey.Place;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.FaceList;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.FrameFaces;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What of a record is sealed with the stream's key: a frame's picture, and the faces found in it.
 * All else, such as who it is of, when, and what became of it, is plain, so that whoever only
 * counts needs no key. Thread-safe.
 */
public final class SealedRecords {
  /** What faces were found by: results of a model under trial open as nothing else. */
  public enum Faces {
    IN_USE("faces"),
    TRIAL("shadow-faces");

    private final String what;

    Faces(String what) {
      this.what = what;
    }
  }

  private SealedRecords() {}

  /** What a frame's picture belongs to. */
  public static Place picture(String streamId, String runId, long sequence) {
    return new Place("frame", streamId, runId, sequence);
  }

  /**
   * A frame's JPEG.
   *
   * @param key the one that the frame names; null where it names none, as its picture is plain
   */
  public static byte[] jpeg(Frame frame, @Nullable DataKey key) throws BrokenSealException {
    if (key != null) {
      return key.open(
          frame.getJpeg(), picture(frame.getStreamId(), frame.getRunId(), frame.getSequence()));
    }
    byte[] jpeg = new byte[frame.getJpeg().remaining()];
    frame.getJpeg().duplicate().get(jpeg);
    return jpeg;
  }

  /**
   * The same frame, no end mark, with a plain picture.
   *
   * @return empty when its key was thrown away: it belongs to an erased stream
   * @throws KeyUnavailableException when that can not be told now
   */
  public static Optional<Frame> open(Frame frame, KeyRing keys) throws BrokenSealException {
    if (frame.getKeyId() == null) {
      return Optional.of(frame);
    }
    Optional<DataKey> key = keys.find(frame.getStreamId(), frame.getKeyId());
    if (key.isEmpty()) {
      return Optional.empty();
    }
    ByteBuffer jpeg = ByteBuffer.wrap(jpeg(frame, key.get()));
    return Optional.of(Frame.newBuilder(frame).setKeyId(null).setJpeg(jpeg).build());
  }

  /** The same record with its faces sealed; nothing changes where there are none. */
  public static FrameFaces seal(FrameFaces plain, DataKey key, Faces found) {
    if (plain.getFaces().isEmpty()) {
      return plain;
    }
    byte[] faces = Serdes.FACE_LIST.encodeInside(new FaceList(plain.getFaces()));
    return FrameFaces.newBuilder(plain)
        .setFaces(List.of())
        .setKeyId(key.id())
        .setSealedFaces(ByteBuffer.wrap(key.seal(faces, place(plain, found))))
        .build();
  }

  /**
   * The same record with its faces in the open.
   *
   * @return empty when its key was thrown away: it belongs to an erased stream
   * @throws KeyUnavailableException when that can not be told now
   */
  public static Optional<FrameFaces> open(FrameFaces frame, KeyRing keys, Faces found)
      throws BrokenSealException {
    if (frame.getKeyId() == null) {
      return Optional.of(frame);
    }
    Optional<DataKey> key = keys.find(frame.getStreamId(), frame.getKeyId());
    return key.isEmpty() ? Optional.empty() : Optional.of(open(frame, key.get(), found));
  }

  private static FrameFaces open(FrameFaces frame, DataKey key, Faces found)
      throws BrokenSealException {
    ByteBuffer sealed = frame.getSealedFaces();
    if (sealed == null) {
      return frame;
    }
    try {
      FaceList list = Serdes.FACE_LIST.decode(key.open(sealed, place(frame, found)));
      return FrameFaces.newBuilder(frame).setSealedFaces(null).setFaces(list.getFaces()).build();
    } catch (UnreadableRecordException e) {
      throw new BrokenSealException(e);
    }
  }

  private static Place place(FrameFaces frame, Faces found) {
    return new Place(found.what, frame.getStreamId(), frame.getRunId(), frame.getSequence());
  }
}
