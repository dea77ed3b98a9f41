package io.moodline.sink;

import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.TimelineWindow;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;
import org.jspecify.annotations.Nullable;

/**
 * A timeline as an ELAN annotation document (EAF 3.0): a tier {@code emotion} with one annotation
 * per stretch of windows of the same dominant label, and a tier {@code missing} with the gaps
 * between windows.
 *
 * <p>An EAF file names all instants before the annotations that use them, so the windows are read
 * four times. Only windows that are complete count, and only up to the first that is not: they stay
 * as they are between the readings. Confined to the thread that writes.
 */
final class ElanFile {
  private static final String FILE = "file:";
  private static final String EMOTION = "emotion";
  private static final String MISSING = "missing";

  private final StreamSpec spec;
  private final TimelineWindows windows;
  private final XMLStreamWriter xml;
  private @Nullable Instant zero;
  private @Nullable Instant end;
  private int annotation;

  private ElanFile(StreamSpec spec, TimelineWindows windows, XMLStreamWriter xml) {
    this.spec = spec;
    this.windows = windows;
    this.xml = xml;
  }

  static void write(StreamSpec spec, TimelineWindows windows, OutputStream out) throws IOException {
    try {
      XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(out, "UTF-8");
      new ElanFile(spec, windows, xml).write();
      xml.flush();
    } catch (XMLStreamException e) {
      throw e.getCause() instanceof IOException broken
          ? broken
          : new IOException("the file can not be written", e);
    }
  }

  /**
   * Some time that has one annotation.
   *
   * @param label empty for a gap
   */
  private record Stretch(String label, Instant from, Instant to, double scores, int windows) {
    boolean isFollowedBy(TimelineWindow window) {
      return to.equals(window.getStart()) && label.equals(label(window));
    }

    Stretch with(TimelineWindow window) {
      return new Stretch(
          label, from, TimelineText.end(window), scores + score(window), windows + 1);
    }

    static Stretch of(TimelineWindow window) {
      return new Stretch(
          label(window), window.getStart(), TimelineText.end(window), score(window), 1);
    }

    static String label(TimelineWindow window) {
      return Optional.ofNullable(window.getDominant()).orElse("");
    }

    static double score(TimelineWindow window) {
      return window.getScores().getOrDefault(label(window), 0.0);
    }
  }

  private interface StretchReader {
    void read(Stretch stretch) throws IOException, XMLStreamException;
  }

  private void write() throws IOException, XMLStreamException {
    xml.writeStartDocument("UTF-8", "1.0");
    xml.writeStartElement("ANNOTATION_DOCUMENT");
    attributes(
        "AUTHOR", "Moodline",
        "DATE", Times.show(spec.getUpdatedAt()),
        "FORMAT", "3.0",
        "VERSION", "3.0");
    writeHeader();
    xml.writeStartElement("TIME_ORDER");
    int[] slots = {0};
    forEach(EMOTION, stretch -> writeSlots(EMOTION, stretch, slots));
    slots[0] = 0;
    forEach(MISSING, stretch -> writeSlots(MISSING, stretch, slots));
    xml.writeEndElement();
    writeTier(EMOTION);
    writeTier(MISSING);
    xml.writeEmptyElement("LINGUISTIC_TYPE");
    attributes("LINGUISTIC_TYPE_ID", "label", "TIME_ALIGNABLE", "true");
    xml.writeEndElement();
    xml.writeEndDocument();
  }

  private void writeHeader() throws XMLStreamException {
    xml.writeStartElement("HEADER");
    attributes("MEDIA_FILE", "", "TIME_UNITS", "milliseconds");
    if (spec.getSource().startsWith(FILE)) { // pictures and drawn streams are no video
      xml.writeEmptyElement("MEDIA_DESCRIPTOR");
      String name = spec.getSource().substring(FILE.length());
      String beside = path("./" + name.substring(name.lastIndexOf('/') + 1));
      String url = name.startsWith("/") ? "file://" + path(name) : FILE + beside;
      attributes("MEDIA_URL", url, "RELATIVE_MEDIA_URL", beside);
      attributes("MIME_TYPE", "video/*");
    }
    xml.writeStartElement("PROPERTY");
    attributes("NAME", "note");
    xml.writeCharacters("A score says how a face looks, not what a person feels.");
    xml.writeEndElement();
    xml.writeEndElement();
  }

  /** A path as URIs have it (RFC 3986): spaces and the like are escaped. */
  private static String path(String path) {
    try {
      return new URI(null, null, path, null).getRawPath();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("a path alone is always right", e);
    }
  }

  private void writeSlots(String tier, Stretch stretch, int[] number) throws XMLStreamException {
    writeSlot(tier, number[0], "a", stretch.from());
    writeSlot(tier, number[0]++, "b", stretch.to());
  }

  private void writeSlot(String tier, int number, String side, Instant time)
      throws XMLStreamException {
    xml.writeEmptyElement("TIME_SLOT");
    long millis = Math.max(0, Duration.between(zero(time), time).toMillis());
    attributes("TIME_SLOT_ID", slot(tier, number, side), "TIME_VALUE", Long.toString(millis));
  }

  private static String slot(String tier, int number, String side) {
    return tier.charAt(0) + Integer.toString(number) + side;
  }

  private void writeTier(String tier) throws IOException, XMLStreamException {
    xml.writeStartElement("TIER");
    attributes("TIER_ID", tier, "LINGUISTIC_TYPE_REF", "label");
    int[] number = {0};
    forEach(tier, stretch -> writeAnnotation(tier, number[0]++, stretch));
    xml.writeEndElement();
  }

  private void writeAnnotation(String tier, int number, Stretch stretch) throws XMLStreamException {
    xml.writeStartElement("ANNOTATION");
    xml.writeStartElement("ALIGNABLE_ANNOTATION");
    attributes(
        "ANNOTATION_ID", "x" + annotation++,
        "TIME_SLOT_REF1", slot(tier, number, "a"),
        "TIME_SLOT_REF2", slot(tier, number, "b"));
    xml.writeStartElement("ANNOTATION_VALUE");
    xml.writeCharacters(
        tier.equals(MISSING)
            ? MISSING
            : stretch.label() + " " + TimelineText.decimal(stretch.scores() / stretch.windows()));
    xml.writeEndElement();
    xml.writeEndElement();
    xml.writeEndElement();
  }

  /** The stretches of a tier, oldest first. */
  private void forEach(String tier, StretchReader reader) throws IOException, XMLStreamException {
    Stretch[] open = new Stretch[1];
    boolean[] ended = {false};
    windows.forEach(
        window -> {
          ended[0] |= !window.getComplete() || end != null && !window.getStart().isBefore(end);
          if (ended[0]) {
            return;
          }
          zero(window.getStart());
          try {
            open[0] =
                tier.equals(MISSING) ? gap(open[0], window, reader) : run(open[0], window, reader);
          } catch (XMLStreamException e) {
            throw new IOException(e);
          }
        });
    Stretch last = open[0];
    if (last == null) {
      end = end == null ? Instant.MIN : end;
    } else {
      end = end == null ? last.to() : end;
      if (tier.equals(EMOTION) && !last.label().isEmpty()) {
        reader.read(last);
      }
    }
  }

  private static Stretch run(@Nullable Stretch open, TimelineWindow window, StretchReader reader)
      throws IOException, XMLStreamException {
    if (open != null && open.isFollowedBy(window)) {
      return open.with(window);
    }
    if (open != null && !open.label().isEmpty()) {
      reader.read(open);
    }
    return Stretch.of(window);
  }

  private static Stretch gap(@Nullable Stretch before, TimelineWindow window, StretchReader reader)
      throws IOException, XMLStreamException {
    if (before != null && before.to().isBefore(window.getStart())) {
      reader.read(new Stretch("", before.to(), window.getStart(), 0, 0));
    }
    return Stretch.of(window);
  }

  private Instant zero(Instant firstWindow) {
    if (zero == null) {
      zero = TimelineText.zero(spec, firstWindow);
    }
    return zero;
  }

  private void attributes(String... namesAndValues) throws XMLStreamException {
    for (int i = 0; i < namesAndValues.length; i += 2) {
      xml.writeAttribute(namesAndValues[i], namesAndValues[i + 1]);
    }
  }
}
