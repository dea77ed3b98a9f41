package io.moodline.ingest;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;

/** Where the child takes a source's bytes, which are counted. Confined to the link's thread. */
final class PlayerOutput extends OutputStream {
  private final OutputStream player;
  private final SourceBytes bytes;

  PlayerOutput(Socket player, SourceBytes bytes) throws IOException {
    this.player = player.getOutputStream();
    this.bytes = bytes;
  }

  @Override
  public void write(int one) throws IOException {
    write(new byte[] {(byte) one}, 0, 1);
  }

  @Override
  public void write(byte[] data, int from, int count) throws IOException {
    try {
      bytes.pass(player, data, from, count);
    } catch (IOException e) {
      throw new PlayerGoneException(e);
    }
  }
}
