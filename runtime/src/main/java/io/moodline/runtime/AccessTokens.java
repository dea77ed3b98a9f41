package io.moodline.runtime;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The tokens that callers of the HTTP API show, one line each in a file that only its owner may
 * read: id, role, SHA-256 of the token, when it was made, a note. A token is 256 random bits, so a
 * plain hash keeps it; it is shown once, when it is made. The file is read again when it has
 * changed, so a new token works at once and a revoked one no more. Thread-safe.
 */
public final class AccessTokens {
  /** What the bearer of a token may do; each may do what those before may. */
  public enum Role {
    /** Sees streams, timelines and events. */
    VIEWER,
    /** Also registers, changes, removes and replays. */
    OPERATOR,
    /** Also what concerns the installation. */
    ADMIN;

    /**
     * The role of that name.
     *
     * @throws UserException naming those that there are
     */
    public static Role of(String word) {
      return Arrays.stream(values())
          .filter(role -> role.name().equalsIgnoreCase(word))
          .findFirst()
          .orElseThrow(
              () ->
                  new UserException(
                      "role '" + word + "' is not known: give viewer, operator or admin"));
    }

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * A token, without what it takes to use it.
   *
   * @param hash SHA-256 of the token, hexadecimal
   * @param note what it is for; may be empty
   */
  public record Entry(String id, Role role, String hash, Instant createdAt, String note) {}

  private static final String PREFIX = "moodline_";
  private static final int ID_BYTES = 4;
  private static final int SECRET_BYTES = 32;
  private static final HexFormat HEX = HexFormat.of();

  private final Path file;
  private final SecureRandom random = new SecureRandom();
  private List<Entry> entries = List.of(); // guarded by this
  private FileTime readAs = FileTime.fromMillis(Long.MIN_VALUE); // guarded by this

  /** The tokens in {@code file}, which need not exist. */
  public AccessTokens(Path file) {
    this.file = file;
  }

  /**
   * Makes a token and returns it; it can not be had again.
   *
   * @throws UserException when the file can not be written
   */
  public synchronized String create(Role role, String note, Clock clock) {
    if (!note.matches("[^\\p{Cntrl}]{0,100}")) {
      throw new UserException("a token's note has at most 100 characters on one line");
    }
    String id = random(ID_BYTES);
    String token = PREFIX + id + "_" + random(SECRET_BYTES);
    List<Entry> all = new ArrayList<>(all());
    all.add(
        new Entry(id, role, hash(token), clock.instant().truncatedTo(ChronoUnit.SECONDS), note));
    write(all);
    return token;
  }

  private String random(int bytes) {
    byte[] made = new byte[bytes];
    random.nextBytes(made);
    return HEX.formatHex(made);
  }

  /** All tokens, oldest first. */
  public synchronized List<Entry> all() {
    try {
      FileTime changed =
          Files.exists(file) ? Files.getLastModifiedTime(file) : FileTime.fromMillis(0);
      if (!changed.equals(readAs)) {
        entries = Files.exists(file) ? read() : List.of();
        readAs = changed;
      }
      return entries;
    } catch (IOException e) {
      throw new UserException("token file " + file + " can not be read: " + e.getMessage(), e);
    }
  }

  private List<Entry> read() throws IOException {
    List<Entry> read = new ArrayList<>();
    for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
      if (!line.isBlank()) {
        read.add(parse(line));
      }
    }
    return List.copyOf(read);
  }

  private Entry parse(String line) {
    String[] parts = line.split(" ", 5);
    try {
      if (parts.length == 5 && parts[2].matches("[0-9a-f]{64}")) {
        return new Entry(parts[0], Role.of(parts[1]), parts[2], Instant.parse(parts[3]), parts[4]);
      }
    } catch (java.time.DateTimeException | UserException e) {
      throw damaged(e);
    }
    throw damaged(null);
  }

  private UserException damaged(@org.jspecify.annotations.Nullable Exception cause) {
    String message =
        "token file " + file + " is damaged: restore it, or remove it and make new ones";
    return cause == null ? new UserException(message) : new UserException(message, cause);
  }

  /** Removes a token; false when there is none of that id. */
  public synchronized boolean revoke(String id) {
    List<Entry> left = all().stream().filter(entry -> !entry.id().equals(id)).toList();
    if (left.size() == all().size()) {
      return false;
    }
    write(left);
    return true;
  }

  private void write(List<Entry> all) {
    StringBuilder text = new StringBuilder();
    all.forEach(
        entry ->
            text.append(
                "%s %s %s %s %s\n"
                    .formatted(
                        entry.id(),
                        entry.role().word(),
                        entry.hash(),
                        entry.createdAt(),
                        entry.note())));
    try {
      Path absolute = file.toAbsolutePath();
      Path draft = absolute.resolveSibling(absolute.getFileName() + ".new");
      Files.deleteIfExists(draft);
      if (absolute.getFileSystem().supportedFileAttributeViews().contains("posix")) {
        Files.createFile(
            draft,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      }
      Files.writeString(draft, text);
      Files.move(
          draft, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      entries = List.copyOf(all);
      readAs = Files.getLastModifiedTime(absolute);
    } catch (IOException e) {
      throw new UserException("token file " + file + " can not be written: " + e.getMessage(), e);
    }
  }

  /** Whose token it is; looks at every token for as long, whichever fits. */
  public Optional<Entry> find(String token) {
    byte[] given = hash(token).getBytes(StandardCharsets.US_ASCII);
    Optional<Entry> found = Optional.empty();
    for (Entry entry : all()) {
      if (MessageDigest.isEqual(given, entry.hash().getBytes(StandardCharsets.US_ASCII))) {
        found = Optional.of(entry);
      }
    }
    return found;
  }

  private static String hash(String token) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HEX.formatHex(digest.digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
