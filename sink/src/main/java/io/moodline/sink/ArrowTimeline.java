package io.moodline.sink;

import com.google.flatbuffers.FlatBufferBuilder;
import io.moodline.schemas.v1.TimelineWindow;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.apache.arrow.flatbuf.Block;
import org.apache.arrow.flatbuf.Bool;
import org.apache.arrow.flatbuf.Buffer;
import org.apache.arrow.flatbuf.Field;
import org.apache.arrow.flatbuf.FieldNode;
import org.apache.arrow.flatbuf.FloatingPoint;
import org.apache.arrow.flatbuf.Footer;
import org.apache.arrow.flatbuf.Int;
import org.apache.arrow.flatbuf.Message;
import org.apache.arrow.flatbuf.MessageHeader;
import org.apache.arrow.flatbuf.MetadataVersion;
import org.apache.arrow.flatbuf.Precision;
import org.apache.arrow.flatbuf.RecordBatch;
import org.apache.arrow.flatbuf.Schema;
import org.apache.arrow.flatbuf.TimeUnit;
import org.apache.arrow.flatbuf.Timestamp;
import org.apache.arrow.flatbuf.Type;
import org.apache.arrow.flatbuf.Utf8;
import org.jspecify.annotations.Nullable;

/**
 * Writes windows as an Arrow IPC file (Feather version 2) in record batches of {@value #ROWS} rows:
 * the columns of the CSV export, times as milliseconds in UTC, and a nullable column per label.
 *
 * <p>Only a batch is kept. Arrow's own writer would need memory outside the heap and a JVM that
 * opens its insides; the format's published metadata classes do not. Confined to one thread.
 */
final class ArrowTimeline {
  private static final int ROWS = 4096;
  private static final byte[] MAGIC = "ARROW1".getBytes(StandardCharsets.US_ASCII);
  private static final int ALIGNMENT = 8;

  private final List<Column> columns = new ArrayList<>();
  private final List<TimelineWindow> rows = new ArrayList<>(ROWS);
  private final List<Written> batches = new ArrayList<>();
  private final OutputStream out;
  private long position;

  /** Begins a file; {@code out} is not closed. */
  ArrowTimeline(OutputStream out, SortedSet<String> labels) throws IOException {
    this.out = out;
    columns.add(new Column("start", Kind.TIME, w -> w.getStart().toEpochMilli()));
    columns.add(new Column("end", Kind.TIME, w -> TimelineText.end(w).toEpochMilli()));
    columns.add(new Column("coverage", Kind.DECIMAL, TimelineWindow::getCoverage));
    count("frames", TimelineText::frames);
    count("faces", TimelineWindow::getFaces);
    count("labelled", TimelineWindow::getLabelled);
    count("analysed", TimelineWindow::getAnalysed);
    count("skipped", w -> Ledgers.sum(w.getSkipped()));
    count("failed", w -> Ledgers.sum(w.getFailed()));
    count("dropped", w -> Ledgers.sum(w.getDropped()));
    columns.add(new Column("complete", Kind.TRUTH, TimelineWindow::getComplete));
    columns.add(new Column("dominant", Kind.TEXT, TimelineWindow::getDominant));
    labels.forEach(
        label -> columns.add(new Column(label, Kind.DECIMAL, w -> w.getScores().get(label))));
    put(MAGIC);
    put(new byte[2]);
    FlatBufferBuilder metadata = new FlatBufferBuilder();
    putMessage(metadata, MessageHeader.Schema, schema(metadata), new byte[0]);
  }

  private enum Kind {
    TIME,
    COUNT,
    DECIMAL,
    TRUTH,
    TEXT
  }

  private record Column(String name, Kind kind, Function<TimelineWindow, @Nullable Object> value) {}

  /** Where a message lies in the file, in bytes; a multiple of 8 each. */
  private record Written(long offset, int metadataLength, long bodyLength) {}

  private void count(String name, ToLongFunction<TimelineWindow> value) {
    columns.add(new Column(name, Kind.COUNT, value::applyAsLong));
  }

  void add(TimelineWindow window) throws IOException {
    rows.add(window);
    if (rows.size() == ROWS) {
      putBatch();
    }
  }

  /** Ends the file. */
  void end() throws IOException {
    if (!rows.isEmpty()) {
      putBatch();
    }
    put(little(8).putInt(-1).putInt(0).array());
    FlatBufferBuilder footer = new FlatBufferBuilder();
    int schema = schema(footer);
    Footer.startRecordBatchesVector(footer, batches.size());
    for (int i = batches.size() - 1; i >= 0; i--) {
      Written batch = batches.get(i);
      Block.createBlock(footer, batch.offset(), batch.metadataLength(), batch.bodyLength());
    }
    int blocks = footer.endVector();
    Footer.startFooter(footer);
    Footer.addVersion(footer, MetadataVersion.V5);
    Footer.addSchema(footer, schema);
    Footer.addRecordBatches(footer, blocks);
    footer.finish(Footer.endFooter(footer));
    byte[] bytes = footer.sizedByteArray();
    put(bytes);
    put(little(4).putInt(bytes.length).array());
    put(MAGIC);
  }

  private void putBatch() throws IOException {
    Body body = new Body();
    List<long[]> nodes = new ArrayList<>();
    for (Column column : columns) {
      Object[] values = rows.stream().map(column.value()).toArray();
      nodes.add(new long[] {values.length, body.addPresence(values)});
      body.add(column.kind(), values);
    }
    FlatBufferBuilder metadata = new FlatBufferBuilder();
    RecordBatch.startNodesVector(metadata, nodes.size());
    for (int i = nodes.size() - 1; i >= 0; i--) {
      FieldNode.createFieldNode(metadata, nodes.get(i)[0], nodes.get(i)[1]);
    }
    int fieldNodes = metadata.endVector();
    RecordBatch.startBuffersVector(metadata, body.buffers.size());
    for (int i = body.buffers.size() - 1; i >= 0; i--) {
      Buffer.createBuffer(metadata, body.buffers.get(i)[0], body.buffers.get(i)[1]);
    }
    int buffers = metadata.endVector();
    RecordBatch.startRecordBatch(metadata);
    RecordBatch.addLength(metadata, rows.size());
    RecordBatch.addNodes(metadata, fieldNodes);
    RecordBatch.addBuffers(metadata, buffers);
    int batch = RecordBatch.endRecordBatch(metadata);
    batches.add(putMessage(metadata, MessageHeader.RecordBatch, batch, body.bytes.toByteArray()));
    rows.clear();
  }

  /** The buffers of a batch, one behind the other, each beginning at a multiple of 8. */
  private static final class Body {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final List<long[]> buffers = new ArrayList<>();

    /** A bit per value, set where there is one; returns how many are missing. */
    long addPresence(Object[] values) {
      byte[] bits = new byte[(values.length + 7) / 8];
      long missing = 0;
      for (int i = 0; i < values.length; i++) {
        if (values[i] == null) {
          missing++;
        } else {
          bits[i / 8] |= (byte) (1 << i % 8);
        }
      }
      add(bits);
      return missing;
    }

    void add(Kind kind, Object[] values) {
      switch (kind) {
        case TIME, COUNT -> addLongs(values);
        case DECIMAL -> addDoubles(values);
        case TRUTH -> addBits(values);
        case TEXT -> addTexts(values);
      }
    }

    private void addLongs(Object[] values) {
      ByteBuffer data = little(8 * values.length);
      for (Object value : values) {
        data.putLong((long) value);
      }
      add(data.array());
    }

    private void addDoubles(Object[] values) {
      ByteBuffer data = little(8 * values.length);
      for (Object value : values) {
        data.putDouble(value == null ? 0 : (double) value);
      }
      add(data.array());
    }

    private void addBits(Object[] values) {
      byte[] bits = new byte[(values.length + 7) / 8];
      for (int i = 0; i < values.length; i++) {
        bits[i / 8] |= (byte) ((boolean) values[i] ? 1 << i % 8 : 0);
      }
      add(bits);
    }

    private void addTexts(Object[] values) {
      ByteBuffer ends = little(4 * (values.length + 1)).putInt(0);
      ByteArrayOutputStream texts = new ByteArrayOutputStream();
      for (Object value : values) {
        if (value != null) {
          texts.writeBytes(((String) value).getBytes(StandardCharsets.UTF_8));
        }
        ends.putInt(texts.size());
      }
      add(ends.array());
      add(texts.toByteArray());
    }

    private void add(byte[] buffer) {
      buffers.add(new long[] {bytes.size(), buffer.length});
      bytes.writeBytes(buffer);
      bytes.writeBytes(new byte[padding(buffer.length)]);
    }
  }

  private int schema(FlatBufferBuilder metadata) {
    int[] fields = columns.stream().mapToInt(column -> field(metadata, column)).toArray();
    int vector = Schema.createFieldsVector(metadata, fields);
    Schema.startSchema(metadata);
    Schema.addFields(metadata, vector);
    return Schema.endSchema(metadata);
  }

  private static int field(FlatBufferBuilder metadata, Column column) {
    int name = metadata.createString(column.name());
    int children = Field.createChildrenVector(metadata, new int[0]);
    int zone = column.kind() == Kind.TIME ? metadata.createString("UTC") : 0;
    int type =
        switch (column.kind()) {
          case TIME -> Timestamp.createTimestamp(metadata, TimeUnit.MILLISECOND, zone);
          case COUNT -> Int.createInt(metadata, 64, true);
          case DECIMAL -> FloatingPoint.createFloatingPoint(metadata, Precision.DOUBLE);
          case TRUTH -> {
            Bool.startBool(metadata);
            yield Bool.endBool(metadata);
          }
          case TEXT -> {
            Utf8.startUtf8(metadata);
            yield Utf8.endUtf8(metadata);
          }
        };
    Field.startField(metadata);
    Field.addName(metadata, name);
    Field.addNullable(metadata, true);
    Field.addTypeType(metadata, typeOf(column.kind()));
    Field.addType(metadata, type);
    Field.addChildren(metadata, children);
    return Field.endField(metadata);
  }

  private static byte typeOf(Kind kind) {
    return switch (kind) {
      case TIME -> Type.Timestamp;
      case COUNT -> Type.Int;
      case DECIMAL -> Type.FloatingPoint;
      case TRUTH -> Type.Bool;
      case TEXT -> Type.Utf8;
    };
  }

  private Written putMessage(FlatBufferBuilder metadata, byte kind, int header, byte[] body)
      throws IOException {
    Message.startMessage(metadata);
    Message.addVersion(metadata, MetadataVersion.V5);
    Message.addHeaderType(metadata, kind);
    Message.addHeader(metadata, header);
    Message.addBodyLength(metadata, body.length);
    metadata.finish(Message.endMessage(metadata));
    byte[] bytes = metadata.sizedByteArray();
    int length = bytes.length + padding(bytes.length);
    Written written = new Written(position, 8 + length, body.length);
    put(little(8).putInt(-1).putInt(length).array());
    put(bytes);
    put(new byte[length - bytes.length]);
    put(body);
    return written;
  }

  private void put(byte[] bytes) throws IOException {
    out.write(bytes);
    position += bytes.length;
  }

  private static int padding(int length) {
    return -length & (ALIGNMENT - 1);
  }

  private static ByteBuffer little(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
  }
}
