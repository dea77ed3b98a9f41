package io.moodline.ingest;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The bad network between a camera and its reader, on loopback: RTSP with interleaved packets goes
 * through, and every other picture is held up for up to {@code mostMillis}, which holds up what
 * comes behind it too. Three threads a connection.
 */
final class JitteryRelay implements AutoCloseable {
  private static final int RTCP = 1;

  private record Held(byte[] bytes, long untilNanos) {}

  private final ServerSocket listening;
  private final int target;
  private final int mostMillis;
  private final boolean passesReports;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  private JitteryRelay(ServerSocket listening, int target, int mostMillis, boolean passesReports) {
    this.listening = listening;
    this.target = target;
    this.mostMillis = mostMillis;
    this.passesReports = passesReports;
  }

  /** A relay to a port; without reports it keeps the camera's RTCP packets to itself. */
  static JitteryRelay start(int target, int mostMillis, boolean passesReports) throws IOException {
    ServerSocket socket = new ServerSocket(0, 20, InetAddress.getLoopbackAddress());
    JitteryRelay relay = new JitteryRelay(socket, target, mostMillis, passesReports);
    relay.thread(relay::accept);
    return relay;
  }

  int port() {
    return listening.getLocalPort();
  }

  private void accept() throws IOException {
    while (true) {
      Socket reader = listening.accept();
      Socket camera = new Socket(InetAddress.getLoopbackAddress(), target);
      open.add(reader);
      open.add(camera);
      BlockingQueue<Held> held = new LinkedBlockingQueue<>();
      thread(() -> ask(reader, camera));
      thread(
          () -> {
            try {
              hold(new BufferedInputStream(camera.getInputStream()), held);
            } finally {
              held.add(new Held(new byte[0], System.nanoTime())); // the end comes in its turn
            }
          });
      thread(() -> release(held, reader.getOutputStream()));
    }
  }

  private static void ask(Socket reader, Socket camera) throws IOException {
    try (camera) {
      reader.getInputStream().transferTo(camera.getOutputStream());
    }
  }

  private void hold(InputStream in, BlockingQueue<Held> held) throws IOException {
    Random random = new Random(17);
    int picture = 0;
    long late = 0;
    while (true) {
      byte[] bytes = next(in);
      boolean packet = bytes[0] == '$';
      if (packet && bytes[1] != RTCP && ByteBuffer.wrap(bytes).getInt(8) != picture) {
        picture = ByteBuffer.wrap(bytes).getInt(8);
        late = random.nextBoolean() ? TimeUnit.MILLISECONDS.toNanos(random.nextInt(mostMillis)) : 0;
      }
      if (!packet || bytes[1] != RTCP || passesReports) {
        held.add(new Held(bytes, System.nanoTime() + late));
      }
    }
  }

  /** A packet with its four bytes in front, or a line. */
  private static byte[] next(InputStream in) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int first = in.read();
    bytes.write(first);
    if (first == '$') {
      bytes.writeBytes(in.readNBytes(3));
      byte[] head = bytes.toByteArray();
      bytes.writeBytes(in.readNBytes((head[2] & 0xFF) << 8 | head[3] & 0xFF));
    }
    int last = first;
    while (last >= 0 && first != '$' && last != '\n') {
      last = in.read();
      bytes.write(last);
    }
    if (last < 0) {
      throw new EOFException();
    }
    return bytes.toByteArray();
  }

  private void release(BlockingQueue<Held> held, OutputStream out)
      throws IOException, InterruptedException {
    for (Held next = held.take(); next.bytes.length > 0; next = held.take()) {
      TimeUnit.NANOSECONDS.sleep(next.untilNanos - System.nanoTime());
      out.write(next.bytes);
      out.flush();
    }
    out.close();
  }

  private interface Task {
    void run() throws IOException, InterruptedException;
  }

  private void thread(Task task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException e) {
                // one side went away: so does the other
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "jittery-relay");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    listening.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
