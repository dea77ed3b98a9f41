package io.moodline.deploy;

import io.moodline.runtime.UserException;
import java.awt.AWTError;
import java.awt.Dimension;
import java.awt.Graphics;
import java.awt.GraphicsEnvironment;
import java.awt.HeadlessException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CountDownLatch;
import javax.imageio.ImageIO;
import javax.swing.JFrame;
import javax.swing.JPanel;
import javax.swing.SwingUtilities;
import org.jspecify.annotations.Nullable;

/**
 * A stream's preview in a window of the desktop, with boxes and labels, until the window is closed.
 * Pictures are read on the calling thread and drawn on Swing's.
 */
final class PreviewWindow {
  private final JFrame frame;
  private final Screen screen = new Screen();
  private final CountDownLatch closed = new CountDownLatch(1);

  private PreviewWindow(String title) {
    frame = new JFrame(title);
    frame.setDefaultCloseOperation(JFrame.DISPOSE_ON_CLOSE);
    frame.addWindowListener(
        new java.awt.event.WindowAdapter() {
          @Override
          public void windowClosed(java.awt.event.WindowEvent event) {
            closed.countDown();
          }
        });
    frame.add(screen);
    frame.setSize(960, 600);
    frame.setLocationByPlatform(true);
  }

  /**
   * Shows a stream until its window is closed or the server ends.
   *
   * @throws UserException when there is no desktop
   */
  static void show(ApiClient api, String stream) {
    PreviewWindow window = open("Moodline: " + stream);
    String path = "/api/v1/streams/" + ApiClient.encode(stream) + "/preview?overlay=true";
    try (InputStream body = api.body(path)) {
      PreviewParts parts = new PreviewParts(body);
      byte[] jpeg = parts.next();
      while (jpeg.length > 0 && window.closed.getCount() > 0) {
        window.screen.show(ImageIO.read(new ByteArrayInputStream(jpeg)));
        jpeg = parts.next();
      }
    } catch (IOException e) {
      throw new UserException("the preview ended: " + e.getMessage(), e);
    } finally {
      SwingUtilities.invokeLater(window.frame::dispose);
    }
  }

  private static PreviewWindow open(String title) {
    // The launcher says that there is none, which is right for every other command.
    System.clearProperty("java.awt.headless");
    UserException none =
        new UserException(
            "there is no desktop here to open a window on: look at /api/v1/streams/STREAM/preview in a browser");
    if (GraphicsEnvironment.isHeadless()) {
      throw none;
    }
    try {
      PreviewWindow window = new PreviewWindow(title);
      SwingUtilities.invokeLater(() -> window.frame.setVisible(true));
      return window;
    } catch (HeadlessException | AWTError | UnsatisfiedLinkError | NoClassDefFoundError e) {
      none.addSuppressed(e);
      throw none;
    }
  }

  /** The latest picture, as large as the window lets it be. */
  private static final class Screen extends JPanel {
    private static final long serialVersionUID = 1L;

    private transient volatile @Nullable BufferedImage picture;

    void show(@Nullable BufferedImage next) {
      picture = next;
      repaint();
    }

    @Override
    protected void paintComponent(Graphics graphics) {
      super.paintComponent(graphics);
      BufferedImage shown = picture;
      if (shown == null) {
        return;
      }
      Dimension room = getSize();
      double factor =
          Math.min(
              room.width / (double) shown.getWidth(), room.height / (double) shown.getHeight());
      int width = (int) (shown.getWidth() * factor);
      int height = (int) (shown.getHeight() * factor);
      graphics.drawImage(
          shown, (room.width - width) / 2, (room.height - height) / 2, width, height, null);
    }
  }
}
