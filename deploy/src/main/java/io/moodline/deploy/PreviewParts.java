package io.moodline.deploy;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;

/** Reads the pictures of a multipart preview, one after the other. Confined to one thread. */
final class PreviewParts {
  private static final int MAX_BYTES = 16 * 1024 * 1024;
  private static final int MAX_LINE = 1000;

  private final DataInputStream in;

  PreviewParts(InputStream in) {
    this.in = new DataInputStream(in);
  }

  /** The next JPEG; empty at the end. */
  byte[] next() throws IOException {
    try {
      int length = -1;
      String line = line();
      while (!line.isEmpty() || length < 0) {
        if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
          length = Integer.parseInt(line.substring(line.indexOf(':') + 1).strip());
        }
        line = line();
      }
      if (length > MAX_BYTES) {
        throw new IOException("a picture of " + length + " bytes is too large");
      }
      byte[] jpeg = new byte[length];
      in.readFully(jpeg);
      return jpeg;
    } catch (EOFException e) {
      return new byte[0];
    } catch (NumberFormatException e) {
      throw new IOException("the server does not send pictures", e);
    }
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    int next = in.readUnsignedByte();
    while (next != '\n') {
      if (line.length() == MAX_LINE) {
        throw new IOException("the server does not send pictures");
      }
      line.append((char) next);
      next = in.readUnsignedByte();
    }
    return line.toString().strip();
  }
}
