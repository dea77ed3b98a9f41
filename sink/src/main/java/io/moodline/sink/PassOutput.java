package io.moodline.sink;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** A long answer's way out, which closes with its reader's {@link Pass}. Confined to one thread. */
final class PassOutput extends FilterOutputStream {
  private final Pass pass;

  PassOutput(OutputStream out, Pass pass) {
    super(out);
    this.pass = pass;
  }

  @Override
  public void write(int letter) throws IOException {
    check();
    out.write(letter);
  }

  @Override
  public void write(byte[] bytes, int from, int count) throws IOException {
    check();
    out.write(bytes, from, count);
  }

  private void check() throws IOException {
    if (!pass.holds()) {
      throw new IOException(Pass.REVOKED);
    }
  }
}
