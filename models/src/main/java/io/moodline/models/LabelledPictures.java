package io.moodline.models;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Pictures with a label each, as data sets hand them out: one folder per class, named by a word or
 * by the data set's number; a list of lines {@code path<TAB>label}; or OAENet's CSV. Nothing is
 * decoded here. Thread-safe.
 *
 * @param name what was read, for reports
 * @param pictures in the order of folders and names, or of the list's lines
 * @param mapping what each folder name or label of the data set was taken for, in its order; {@code
 *     not a label of the model} for what the model can not say
 * @param numbering how numbers were read; empty where there are none
 * @param leftOut pictures whose label the model can not say
 */
public record LabelledPictures(
    String name,
    List<Picture> pictures,
    Map<String, String> mapping,
    String numbering,
    int leftOut) {

  /** A picture's file and the index of its label in the model's order. */
  public record Picture(Path file, int truth) {}

  private static final String UNSAID = "not a label of the model";
  private static final int MOST_PICTURES = 5_000_000;
  private static final List<String> ENDINGS = List.of(".jpg", ".jpeg", ".png", ".bmp", ".webp");

  /** What people call a label, by what this project calls it. */
  private static final Map<String, List<String>> WORDS =
      Map.of(
          "neutral", List.of("neutrality", "natural", "normal"),
          "happiness", List.of("happy", "joy", "smile"),
          "sadness", List.of("sad"),
          "surprise", List.of("surprised"),
          "fear", List.of("fearful", "afraid", "scared"),
          "disgust", List.of("disgusted"),
          "anger", List.of("angry"),
          "contempt", List.of("contemptuous"));

  public LabelledPictures {
    pictures = List.copyOf(pictures);
    mapping = Collections.unmodifiableMap(new LinkedHashMap<>(mapping));
  }

  /**
   * Reads a folder or a list.
   *
   * @param labels the model's, in index order
   * @param numbered names the data set whose numbers the labels are ({@link LabelSets}), or words
   *     with commas; null to go by the numbers themselves: 1 to 7 are RAF-DB's, from 0 on
   *     AffectNet's
   */
  public static LabelledPictures read(Path data, List<String> labels, @Nullable String numbered) {
    if (!Files.exists(data)) {
      throw new BundleException("data " + data + " was not found; give a folder or a list");
    }
    Map<String, List<Path>> byWord = new LinkedHashMap<>();
    Path from = data;
    if (Files.isDirectory(data)) {
      from = split(data);
      folders(from, byWord);
    } else if (Landmarks.isCsv(data)) {
      Landmarks.csv(
          data,
          (path, columns) ->
              byWord
                  .computeIfAbsent(
                      columns.getOrDefault("expression", ""), word -> new ArrayList<>())
                  .add(path));
    } else {
      list(data, byWord);
    }
    if (byWord.isEmpty()) {
      throw new BundleException(
          data
              + " holds no pictures; give a folder with one folder per class, or a list of"
              + " path<TAB>label");
    }
    return assign(from.toString(), byWord, labels, numbered);
  }

  /** Pictures of a folder and of the folders in it, whatever they show, in the order of names. */
  public static List<Path> unlabelled(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new BundleException(folder + " is not a folder; give one with face pictures");
    }
    try (Stream<Path> files = Files.walk(folder, 3)) {
      return files.filter(LabelledPictures::isPicture).sorted().limit(MOST_PICTURES).toList();
    } catch (IOException e) {
      throw new BundleException(folder + " cannot be listed: " + e.getMessage(), e);
    }
  }

  /** Whether pictures lie in folders below this one: those of classes. */
  public static boolean hasClassFolders(Path folder) {
    Map<String, List<Path>> byWord = new LinkedHashMap<>();
    folders(split(folder), byWord);
    return !byWord.isEmpty();
  }

  /** At most so many pictures, evenly spread over all of them. */
  public LabelledPictures atMost(int most) {
    if (pictures.size() <= most) {
      return this;
    }
    List<Picture> some = new ArrayList<>();
    for (int i = 0; i < most; i++) {
      some.add(pictures.get((int) ((long) i * pictures.size() / most)));
    }
    String part = name + " (" + most + " of " + pictures.size() + " pictures)";
    return new LabelledPictures(part, some, mapping, numbering, leftOut);
  }

  /** Every second picture, from the first ({@code 0}) or the second ({@code 1}) on. */
  public LabelledPictures half(int which) {
    List<Picture> some = new ArrayList<>();
    for (int i = which; i < pictures.size(); i += 2) {
      some.add(pictures.get(i));
    }
    return new LabelledPictures(name, some, mapping, numbering, leftOut);
  }

  /** Those whose file is among {@code files}. */
  public LabelledPictures only(Collection<Path> files, String newName) {
    Set<Path> wanted = new HashSet<>(files);
    List<Picture> some =
        pictures.stream().filter(picture -> wanted.contains(picture.file())).toList();
    return new LabelledPictures(newName, some, mapping, numbering, leftOut);
  }

  /** RAF-DB hands out {@code train} and {@code test}: figures are those of {@code test}. */
  private static Path split(Path data) {
    List<Path> children = foldersIn(data);
    boolean splits =
        !children.isEmpty()
            && children.stream()
                .allMatch(
                    child -> List.of("train", "test", "val", "valid").contains(fileName(child)));
    return splits && Files.isDirectory(data.resolve("test")) ? data.resolve("test") : data;
  }

  private static List<Path> foldersIn(Path data) {
    try (Stream<Path> children = Files.list(data)) {
      return children.filter(Files::isDirectory).sorted(BY_NAME).toList();
    } catch (IOException e) {
      throw new BundleException(data + " cannot be listed: " + e.getMessage(), e);
    }
  }

  private static final Comparator<Path> BY_NAME = Comparator.comparing(LabelledPictures::fileName);

  private static String fileName(Path path) {
    return String.valueOf(path.getFileName());
  }

  private static void folders(Path data, Map<String, List<Path>> byWord) {
    for (Path folder : foldersIn(data)) {
      try (Stream<Path> files = Files.list(folder)) {
        List<Path> pictures =
            files.filter(LabelledPictures::isPicture).sorted(BY_NAME).limit(MOST_PICTURES).toList();
        if (!pictures.isEmpty()) {
          byWord.put(fileName(folder), pictures);
        }
      } catch (IOException e) {
        throw new BundleException(folder + " cannot be listed: " + e.getMessage(), e);
      }
    }
  }

  private static boolean isPicture(Path file) {
    String name = fileName(file).toLowerCase(Locale.ROOT);
    return !name.startsWith(".")
        && ENDINGS.stream().anyMatch(name::endsWith)
        && Files.isRegularFile(file);
  }

  private static void list(Path list, Map<String, List<Path>> byWord) {
    int number = 0;
    try {
      for (String line : Files.readAllLines(list)) {
        number++;
        if (line.isBlank()) {
          continue;
        }
        String[] parts = line.split("\t", -1);
        if (parts.length != 2 || parts[0].isBlank() || parts[1].isBlank()) {
          throw new BundleException(
              list + " line " + number + " is not path<TAB>label; write it so");
        }
        byWord
            .computeIfAbsent(parts[1].strip(), word -> new ArrayList<>())
            .add(list.resolveSibling(parts[0].strip()));
      }
    } catch (CharacterCodingException e) {
      throw new BundleException(list + " is no text; give a folder or a list of path<TAB>label", e);
    } catch (InvalidPathException e) {
      throw new BundleException(list + " line " + number + " names no path", e);
    } catch (IOException e) {
      throw new BundleException(list + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static LabelledPictures assign(
      String name, Map<String, List<Path>> byWord, List<String> labels, @Nullable String numbered) {
    Numbering numbering = Numbering.of(byWord.keySet(), numbered, name);
    List<Picture> pictures = new ArrayList<>();
    Map<String, String> mapping = new LinkedHashMap<>();
    int leftOut = 0;
    for (Map.Entry<String, List<Path>> entry : byWord.entrySet()) {
      String label = numbering.label(entry.getKey(), labels, name);
      int truth = labels.indexOf(label);
      mapping.put(entry.getKey(), truth < 0 ? label + ": " + UNSAID : label);
      if (truth < 0) {
        leftOut += entry.getValue().size();
      } else {
        entry.getValue().forEach(file -> pictures.add(new Picture(file, truth)));
      }
    }
    if (pictures.isEmpty()) {
      throw new BundleException(
          name + " has no picture with a label of the model; the model says " + labels);
    }
    return new LabelledPictures(name, pictures, mapping, numbering.told(), leftOut);
  }

  /** What the data set's numbers mean. */
  private record Numbering(List<String> labels, int first, String told) {
    static Numbering of(Iterable<String> words, @Nullable String numbered, String where) {
      TreeSet<Integer> numbers = new TreeSet<>();
      if (numbered != null) {
        LabelSets.parse(numbered); // also where no number needs it, a set that is none is refused
      }
      for (String word : words) {
        if (word.matches("\\d{1,3}")) {
          numbers.add(Integer.parseInt(word));
        }
      }
      if (numbers.isEmpty()) {
        return new Numbering(List.of(), 0, "");
      }
      String set = numbered;
      if (set == null) {
        set = numbers.first() == 0 ? "affectnet-8" : "raf-db";
      }
      List<String> labels = LabelSets.parse(set);
      int first = set.equalsIgnoreCase("raf-db") ? 1 : 0;
      int last = first + labels.size() - 1;
      if (numbers.first() < first || numbers.last() > last) {
        throw new BundleException(
            where
                + " has the classes "
                + numbers
                + ", but "
                + set
                + " numbers "
                + first
                + " to "
                + last
                + "; name its order with --labels");
      }
      return new Numbering(labels, first, "numbers as " + set + ", from " + first);
    }

    String label(String word, List<String> known, String where) {
      if (word.matches("\\d{1,3}")) {
        return labels.get(Integer.parseInt(word) - first);
      }
      String plain = word.strip().toLowerCase(Locale.ROOT);
      if (known.contains(plain) || WORDS.containsKey(plain)) {
        return plain;
      }
      return WORDS.entrySet().stream()
          .filter(entry -> entry.getValue().contains(plain))
          .map(Map.Entry::getKey)
          .findFirst()
          .orElseThrow(
              () ->
                  new BundleException(
                      where
                          + ": \""
                          + word
                          + "\" is no label; the model says "
                          + known
                          + ", or use the data set's numbers"));
    }
  }
}
