package io.moodline.deploy;

import io.moodline.analyzer.DetectorTrial.Annotated;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * Reads which faces pictures show, as dlib's tools write it: {@code <image file='...'>} with {@code
 * <box top='' left='' width='' height=''/>} in pixels; a box with {@code ignore='1'} is left out.
 * Thread-safe.
 */
final class AnnotatedFaces {
  private AnnotatedFaces() {}

  /** Faces by their picture's path, in the order of the file. */
  static Map<Path, List<Annotated>> read(Path xml) {
    XMLInputFactory factory = XMLInputFactory.newInstance();
    // Nothing outside the file is read, whatever it names.
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    try (InputStream in = Files.newInputStream(xml)) {
      Map<Path, List<Annotated>> faces = new LinkedHashMap<>();
      XMLStreamReader reader = factory.createXMLStreamReader(in);
      List<Annotated> current = new ArrayList<>();
      while (reader.hasNext()) {
        if (reader.next() == XMLStreamConstants.START_ELEMENT) {
          if (reader.getLocalName().equals("image")) {
            String file = reader.getAttributeValue(null, "file");
            Path picture = xml.resolveSibling(file == null ? "" : file);
            current = faces.computeIfAbsent(picture, path -> new ArrayList<>());
          } else if (reader.getLocalName().equals("box")
              && !"1".equals(reader.getAttributeValue(null, "ignore"))) {
            current.add(box(reader));
          }
        }
      }
      return faces;
    } catch (IOException e) {
      throw new UserException("file " + xml + " can not be read: " + e.getMessage(), e);
    } catch (XMLStreamException | IllegalArgumentException e) {
      throw new UserException(
          "file " + xml + " does not annotate faces as dlib's tools do: give such an XML file", e);
    }
  }

  private static Annotated box(XMLStreamReader reader) {
    return new Annotated(
        number(reader, "left"),
        number(reader, "top"),
        number(reader, "width"),
        number(reader, "height"));
  }

  private static double number(XMLStreamReader reader, String attribute) {
    String text = reader.getAttributeValue(null, attribute);
    return Double.parseDouble(text == null ? "missing" : text);
  }
}
