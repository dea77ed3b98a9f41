package io.moodline.ingest;

import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.ffmpeg.global.swscale;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.ffmpeg.swscale.SwsFilter;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/**
 * Whether a picture shows something else than the last one that was kept: both are brought down to
 * a small grid of brightness, where noise averages out, and differ when some cells do. Exact, so
 * that the same pictures give the same answers on every processor. Owns the native memory it works
 * in. Confined to the source's thread.
 */
final class MotionGate implements AutoCloseable {
  private static final int COLUMNS = 160;
  private static final int ROWS = 90;

  /** A cell has changed beyond so many of 255 steps of brightness. */
  private static final int STEPS = 6;

  /** So many changed cells are motion; a face of 40 pixels at 1280 covers some 25. */
  private static final int CELLS = 3;

  private final BytePointer grid = new BytePointer((long) COLUMNS * ROWS);
  private final IntPointer stride = new IntPointer(1).put(0, COLUMNS);
  private final PointerPointer<BytePointer> target =
      new PointerPointer<BytePointer>(1).put(0, grid);
  private final byte[] now = new byte[COLUMNS * ROWS];
  private final byte[] kept = new byte[COLUMNS * ROWS];
  private @Nullable SwsContext scaler;
  private boolean hasKept;

  /**
   * Looks at a picture.
   *
   * @return whether it differs from the last one that was kept; true for the first one
   */
  boolean moved(AVFrame picture) throws SourceException {
    // Gives the same context again where size and format are those of the picture before.
    SwsContext context =
        swscale.sws_getCachedContext(
            scaler,
            picture.width(),
            picture.height(),
            picture.format(),
            COLUMNS,
            ROWS,
            avutil.AV_PIX_FMT_GRAY8,
            swscale.SWS_AREA | swscale.SWS_ACCURATE_RND | swscale.SWS_BITEXACT,
            (SwsFilter) null,
            (SwsFilter) null,
            (DoublePointer) null);
    scaler = context;
    if (context == null) {
      throw new SourceException("has pictures of a kind that can not be converted", false);
    }
    swscale.sws_scale(
        context, picture.data(), picture.linesize(), 0, picture.height(), target, stride);
    grid.get(now);
    return !hasKept || changedCells() >= CELLS;
  }

  private int changedCells() {
    int changed = 0;
    for (int i = 0; i < now.length; i++) {
      if (Math.abs((now[i] & 0xFF) - (kept[i] & 0xFF)) > STEPS) {
        changed++;
      }
    }
    return changed;
  }

  /** Keeps the picture that was looked at last: the next ones are held against it. */
  void keep() {
    System.arraycopy(now, 0, kept, 0, now.length);
    hasKept = true;
  }

  @Override
  public void close() {
    swscale.sws_freeContext(scaler);
    scaler = null;
    target.close();
    stride.close();
    grid.close();
  }
}
