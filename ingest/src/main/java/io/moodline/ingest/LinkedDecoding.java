package io.moodline.ingest;

import io.moodline.ingest.DecodeListener.DecodeFailure;
import io.moodline.ingest.Decoders.Decoding;
import io.moodline.runtime.UserException;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One network source: its link's thread, the door through which the child comes for it, and its
 * decoding in the child. Tells the listener the link's reason where there is one, since all that
 * the child sees is an end. Thread-safe.
 */
final class LinkedDecoding implements Decoding {
  /** A child that is told to come has just been started at worst. */
  private static final Duration CHILD_COMES = Duration.ofSeconds(60);

  private static final int BUFFER_BYTES = 128 * 1024;

  private final DecodeOrder.Network camera;
  private final SourceLink link;
  private final Decoders children;
  private final DecodeListener listener;
  private final SourceBytes bytes = new SourceBytes();
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable ServerSocket door;
  private @Nullable Socket player;
  private @Nullable Decoding child;
  private @Nullable DecodeFailure trouble;
  private boolean done;

  LinkedDecoding(
      DecodeOrder.Network camera, SourceLink link, Decoders children, DecodeListener listener) {
    this.camera = camera;
    this.link = link;
    this.children = children;
    this.listener = listener;
  }

  /** Starts the link; the listener hears nothing before this returns. */
  void start(String threadName) {
    Thread thread = new Thread(this::run, threadName);
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    try {
      serve(link.open());
    } catch (PlayerGoneException e) {
      // The child is gone or wants no more: its decoding tells why.
    } catch (SourceException e) {
      broke(e);
    } catch (UserException e) {
      broke(new SourceException(String.valueOf(e.getMessage()), true));
    } catch (IOException e) {
      broke(SourceException.network(e, bytes.total() > 0));
    } catch (RuntimeException | OutOfMemoryError e) {
      broke(
          new SourceException(
              "brought its link into trouble: " + e.getClass().getSimpleName(), true));
    } finally {
      bytes.ended();
      link.close();
      hangUp();
    }
  }

  private void serve(SourceLink.Ready ready) throws IOException, SourceException {
    byte[] secret = new byte[16];
    new SecureRandom().nextBytes(secret);
    String path = "/" + HexFormat.of().formatHex(secret);
    try (ServerSocket listening = new ServerSocket(0, 4, InetAddress.getLoopbackAddress())) {
      listening.setSoTimeout((int) CHILD_COMES.toMillis());
      String address = listening.getInetAddress().getHostAddress();
      String url =
          ready.protocol() + "://" + literal(address) + ":" + listening.getLocalPort() + path;
      if (!openChild(listening, new DecodeOrder.Linked(camera, url, ready, bytes))) {
        return;
      }
      boolean served = false;
      while (!served) {
        Socket caller = accept(listening);
        served = link.serve(caller, path, bytes);
        if (!served) {
          caller.close();
        }
      }
    }
  }

  private static String literal(String address) {
    return address.indexOf(':') >= 0 ? "[" + address + "]" : address;
  }

  private boolean openChild(ServerSocket listening, DecodeOrder.Linked order) {
    lock.lock();
    try {
      if (done) {
        return false;
      }
      door = listening;
      child = children.open(order, new Passing());
      return true;
    } finally {
      lock.unlock();
    }
  }

  private Socket accept(ServerSocket listening) throws IOException, SourceException {
    try {
      Socket caller = listening.accept();
      caller.setTcpNoDelay(true);
      caller.setSendBufferSize(BUFFER_BYTES);
      lock.lock();
      try {
        player = caller;
        if (done) {
          caller.close();
        }
      } finally {
        lock.unlock();
      }
      return caller;
    } catch (SocketTimeoutException e) {
      throw new SourceException("has found no decoder", true);
    }
  }

  /** Ends the child's bytes; it then finds the end by itself. */
  private void hangUp() {
    lock.lock();
    try {
      close(player);
      close(door);
    } finally {
      lock.unlock();
    }
  }

  private static void close(@Nullable Closeable part) {
    try {
      if (part != null) {
        part.close();
      }
    } catch (IOException e) {
      // It was broken before: there is nothing left to close.
    }
  }

  /** The link can not go on: without a child this is the end, else the child finds one. */
  private void broke(SourceException cause) {
    lock.lock();
    try {
      if (done || trouble != null) {
        return;
      }
      trouble =
          new DecodeFailure(
              camera.title()
                  + " "
                  + String.valueOf(cause.getMessage()).replaceAll("\\p{Cntrl}", "?"),
              cause.retry(),
              cause.lockedOut());
      if (child == null) {
        done = true;
        listener.failed(trouble);
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void grant(int frames) {
    throw new IllegalStateException("a live source needs no grants");
  }

  @Override
  public void close() {
    Decoding inner;
    lock.lock();
    try {
      done = true;
      inner = child;
    } finally {
      lock.unlock();
    }
    link.close();
    hangUp();
    if (inner != null) {
      inner.close();
    }
  }

  /** Passes on what the child tells; its end is told with the link's reason. */
  private final class Passing implements DecodeListener {
    @Override
    public void begun() {
      tell(listener::begun);
    }

    @Override
    public void opened(SourceInfo info) {
      tell(() -> listener.opened(info));
    }

    @Override
    public void decodedBy(DecodedBy decoder) {
      tell(() -> listener.decodedBy(decoder));
    }

    @Override
    public void alive(int silentMillis) {
      tell(() -> listener.alive(silentMillis));
    }

    @Override
    public void frame(DecodedFrame frame) {
      tell(() -> listener.frame(frame.capturedAt(link.captured(frame.stamp()))));
    }

    @Override
    public void ended() {
      end(null);
    }

    @Override
    public void failed(DecodeFailure failure) {
      end(failure);
    }

    private void end(@Nullable DecodeFailure failure) {
      tell(
          () -> {
            done = true;
            DecodeFailure reason = trouble == null ? failure : trouble;
            if (reason == null) {
              listener.ended();
            } else {
              listener.failed(reason);
            }
          });
      link.close();
      hangUp();
    }

    private void tell(Runnable word) {
      lock.lock();
      try {
        if (!done) {
          word.run();
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
