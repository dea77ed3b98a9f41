package io.moodline.sink;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The first file in a form (multipart/form-data, RFC 7578), read as it arrives: nothing is kept but
 * a boundary's length. What stands before it is skipped; what follows is not read. Confined to the
 * request's thread.
 */
final class FormFile extends InputStream {
  private static final int MAX_LINE = 8 * 1024;
  private static final int MAX_LINES = 100;
  private static final Pattern BOUNDARY =
      Pattern.compile(
          "multipart/form-data\\s*;(?:.*;)?\\s*boundary=(?:\"([^\"]{1,70})\"|([^\";\\s]{1,70})).*",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern FILE_NAME =
      Pattern.compile(
          "content-disposition:.*[;\\s]filename=\"?([^\"]*)\"?.*", Pattern.CASE_INSENSITIVE);

  private final InputStream in;
  private final byte[] delimiter;
  private final byte[] held;
  private String name = "";
  private int heldFrom;
  private int heldCount;
  private boolean ended;

  private FormFile(InputStream in, String boundary) {
    this.in = in;
    this.delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.ISO_8859_1);
    this.held = new byte[delimiter.length];
  }

  /**
   * Finds the file.
   *
   * @param contentType of the request
   * @param in buffered, since it is read byte by byte
   * @throws Problem when there is none
   */
  static FormFile open(String contentType, InputStream in) throws IOException {
    Matcher boundary = BOUNDARY.matcher(contentType);
    if (!boundary.matches()) {
      throw Problem.of(415, "send a form as multipart/form-data with a boundary");
    }
    String given = Optional.ofNullable(boundary.group(1)).orElseGet(() -> boundary.group(2));
    FormFile file = new FormFile(in, given);
    file.find("--" + given);
    return file;
  }

  private void find(String mark) throws IOException {
    boolean inHead = false;
    Optional<String> file = Optional.empty();
    for (int lines = 0; lines < MAX_LINES; lines++) {
      String line = line();
      if (line.equals(mark)) {
        inHead = true;
        file = Optional.empty();
      } else if (inHead && line.isEmpty()) {
        inHead = false;
        if (file.isPresent()) {
          name = file.get();
          return;
        }
      } else if (inHead) {
        Matcher matcher = FILE_NAME.matcher(line);
        file = matcher.matches() ? Optional.ofNullable(matcher.group(1)) : file;
      }
    }
    throw noFile();
  }

  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0 || line.size() > MAX_LINE) {
        throw noFile();
      }
      line.write(b);
    }
    return line.toString(StandardCharsets.UTF_8).replaceFirst("\r$", "");
  }

  private static Problem noFile() {
    return Problem.malformed("the form holds no file");
  }

  /** What the sender calls the file; may be empty. */
  String name() {
    return name;
  }

  @Override
  public int read() throws IOException {
    while (!ended) {
      if (heldCount == held.length) {
        if (isDelimiter()) {
          ended = true;
          return -1;
        }
        int oldest = held[heldFrom] & 0xFF;
        heldFrom = (heldFrom + 1) % held.length;
        heldCount--;
        return oldest;
      }
      int next = in.read();
      if (next < 0) {
        throw new IOException("the form ended within the file");
      }
      held[(heldFrom + heldCount++) % held.length] = (byte) next;
    }
    return -1;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    int count = 0;
    while (count < length) {
      int next = read();
      if (next < 0) {
        return count == 0 && length > 0 ? -1 : count;
      }
      into[offset + count++] = (byte) next;
    }
    return count;
  }

  private boolean isDelimiter() {
    for (int i = 0; i < held.length; i++) {
      if (held[(heldFrom + i) % held.length] != delimiter[i]) {
        return false;
      }
    }
    return true;
  }
}
