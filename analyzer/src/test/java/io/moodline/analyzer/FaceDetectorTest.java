package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FaceDetectorTest {
  private static final Pattern PICTURE = Pattern.compile("<image file='([^']+)'");
  private static final Pattern BOX =
      Pattern.compile("<box top='(-?\\d+)' left='(-?\\d+)' width='(\\d+)' height='(\\d+)'");

  @TempDir Path home;

  @Test
  void theCascadeFindsTheAstronautsFaceAndAlwaysTheSame() {
    Picture picture = TestPictures.astronaut();
    try (FaceDetector detector = CascadeDetector.open()) {
      List<LocatedFace> faces = detector.detect(picture);
      assertThat(faces).hasSize(1);
      assertThat(faces.get(0).box().overlap(TestPictures.ASTRONAUT_FACE)).isGreaterThan(0.85);
      assertThat(faces.get(0).faceScore()).isBetween(0.7f, 1f);
      for (int i = 0; i < 5; i++) {
        assertThat(boxes(detector.detect(picture))).isEqualTo(boxes(faces));
      }
    }
  }

  @Test
  void theCascadeFindsAFaceInALargePictureWhereItIs() {
    Picture large = TestPictures.plain(1920, 1080, 90);
    Picture picture = TestPictures.paste(large, TestPictures.astronaut(), 1000, 300);
    try (FaceDetector detector = CascadeDetector.open()) {
      List<LocatedFace> faces = detector.detect(picture);
      assertThat(faces).hasSize(1);
      PixelBox expected = new PixelBox(1000 + 177, 300 + 66, 97, 97);
      assertThat(faces.get(0).box().overlap(expected)).isGreaterThan(0.75);
    }
  }

  @Test
  void picturesOfAnySizeAreNoTrouble() {
    try (FaceDetector detector = CascadeDetector.open()) {
      for (int[] size : new int[][] {{1, 1}, {1, 500}, {2000, 1}, {19, 19}, {21, 640}}) {
        assertThat(detector.detect(TestPictures.plain(size[0], size[1], 90))).isEmpty();
      }
    }
  }

  @Test
  void detectionGivesItsNativeMemoryBack() {
    Picture picture = TestPictures.scaled(TestPictures.astronaut(), 64, 64);
    byte[] broken = PoisonedFrames.sized(TestPictures.jpeg(picture), 60, 64);
    try (FaceDetector detector = CascadeDetector.open()) {
      detector.detect(picture);
      long before = Pointer.totalBytes();
      long countBefore = Pointer.totalCount();
      for (int i = 0; i < 500; i++) {
        detector.detect(picture);
        try {
          PictureDecoder.decodeFrame(broken, 64, 64);
        } catch (UnusablePictureException expected) {
          assertThat(expected.reason()).isEqualTo(FailReason.SIZE_MISMATCH);
        }
      }
      assertThat(Pointer.totalBytes() - before).isLessThanOrEqualTo(0);
      assertThat(Pointer.totalCount() - countBefore).isLessThanOrEqualTo(0);
    }
    for (int i = 0; i < 20; i++) {
      CascadeDetector.open().close();
    }
  }

  @Test
  void refusesAYunetFileThatIsNotThePublishedOne() throws IOException {
    Path file = home.resolve(YunetDetector.FILE);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "not a network");
    assertThatThrownBy(() -> YunetDetector.open(home))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(YunetDetector.SHA256);
  }

  @Test
  void yunetFindsAllAnnotatedFacesAndTheCascadeMost() throws IOException {
    Path data = TestPictures.sharedData();
    assumeTrue(data != null, "MOODLINE_DATA is not there");
    Path file = home.resolve(YunetDetector.FILE);
    Files.createDirectories(file.getParent());
    Files.copy(data.resolve("detectors").resolve(file.getFileName()), file);
    try (FaceDetector yunet = YunetDetector.open(home);
        FaceDetector cascade = CascadeDetector.open()) {
      Found byYunet = search(yunet, data);
      Found byCascade = search(cascade, data);
      System.out.println("yunet " + byYunet + ", cascade " + byCascade);
      assertThat(byYunet.annotated()).isEqualTo(43);
      assertThat(byYunet.right()).isEqualTo(43);
      assertThat(byYunet.wrong()).isLessThanOrEqualTo(3);
      assertThat(byCascade.right()).isGreaterThanOrEqualTo(38);
      assertThat(byCascade.wrong()).isLessThanOrEqualTo(2);
      LocatedFace astronaut = yunet.detect(TestPictures.astronaut()).get(0);
      assertThat(astronaut.landmarks()).hasSize(10);
      assertThat(astronaut.landmarks()[0])
          .as("right eye left of the left one")
          .isLessThan(astronaut.landmarks()[2]);
      assertThat(astronaut.landmarks()[1])
          .as("eyes above the mouth")
          .isLessThan(astronaut.landmarks()[7]);
    }
  }

  @Test
  void theDynamicYunetFindsTheSameFacesAloneAndTogether() throws IOException {
    Path data = TestPictures.sharedData();
    assumeTrue(data != null, "MOODLINE_DATA is not there");
    Path detectors = data.resolve("detectors");
    Path fixed = home.resolve(YunetDetector.FILE);
    Files.createDirectories(fixed.getParent());
    Files.copy(detectors.resolve(fixed.getFileName()), fixed);
    try (FaceDetector published = YunetDetector.open(home)) {
      assertThat(published.largestBatch()).isEqualTo(1);
      Path free = home.resolve(YunetDetector.DYNAMIC_FILE);
      Files.createDirectories(free.getParent());
      Files.copy(detectors.resolve(free.getFileName()), free);
      try (FaceDetector dynamic = YunetDetector.open(home)) {
        assertThat(dynamic.largestBatch()).isGreaterThan(1);
        Found found = search(dynamic, data);
        assertThat(found.right()).isEqualTo(43);
        assertThat(found.wrong()).isLessThanOrEqualTo(8);
        Picture face = TestPictures.astronaut();
        Picture wide = TestPictures.paste(TestPictures.plain(1280, 720, 90), face, 400, 100);
        Picture wall = TestPictures.plain(512, 512, 120);
        List<Picture> pictures = List.of(face, wide, wall, face, wide);
        List<List<LocatedFace>> together = dynamic.detectAll(pictures);
        for (int i = 0; i < pictures.size(); i++) {
          List<LocatedFace> alone = dynamic.detect(pictures.get(i));
          assertThat(boxes(together.get(i))).isEqualTo(boxes(alone)).hasSize(i == 2 ? 0 : 1);
          List<LocatedFace> square = published.detect(pictures.get(i));
          if (i != 2) {
            assertThat(alone.get(0).box().overlap(square.get(0).box())).isGreaterThan(0.75);
            assertThat(alone.get(0).landmarks()).hasSize(10);
          }
        }
        for (int[] size : new int[][] {{1, 1}, {1, 500}, {2000, 1}, {33, 31}}) {
          assertThat(dynamic.detect(TestPictures.plain(size[0], size[1], 90))).isEmpty();
        }
      }
    }
  }

  private record Found(int annotated, int right, int wrong) {}

  private static Found search(FaceDetector detector, Path data) throws IOException {
    Path folder = data.resolve("images/dlib_faces/faces");
    int annotated = 0;
    int right = 0;
    int boxes = 0;
    for (var picture : annotations(folder).entrySet()) {
      byte[] file = Files.readAllBytes(folder.resolve(picture.getKey()));
      List<PixelBox> left =
          new ArrayList<>(boxes(detector.detect(PictureFile.read(file, picture.getKey()))));
      boxes += left.size();
      for (PixelBox face : picture.getValue()) {
        annotated++;
        if (left.removeIf(box -> box.overlap(face) > 0.3)) {
          right++;
        }
      }
    }
    return new Found(annotated, right, boxes - right);
  }

  private static Map<String, List<PixelBox>> annotations(Path folder) throws IOException {
    Map<String, List<PixelBox>> faces = new LinkedHashMap<>();
    for (String list : List.of("training.xml", "testing.xml")) {
      List<PixelBox> current = new ArrayList<>();
      for (String line : Files.readAllLines(folder.resolve(list), StandardCharsets.ISO_8859_1)) {
        Matcher picture = PICTURE.matcher(line);
        if (picture.find()) {
          current = faces.computeIfAbsent(picture.group(1), name -> new ArrayList<>());
        }
        Matcher box = BOX.matcher(line);
        if (box.find()) {
          current.add(
              new PixelBox(
                  Integer.parseInt(box.group(2)),
                  Integer.parseInt(box.group(1)),
                  Integer.parseInt(box.group(3)),
                  Integer.parseInt(box.group(4))));
        }
      }
    }
    return faces;
  }

  private static List<PixelBox> boxes(List<LocatedFace> faces) {
    return faces.stream().map(LocatedFace::box).toList();
  }
}
