package io.moodline.models;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a Python pickle without running it. A pickle is a program that may call anything; here it
 * can only build numbers, texts, lists, tuples and dictionaries. Two callables are understood,
 * because a state dict is made of them: {@code OrderedDict}, and the one that puts a tensor
 * together from a storage. Whatever else is called, made or restored becomes an {@link Inert} value
 * that remembers its class's name and nothing more.
 *
 * <p>Nothing recurses, nothing is hashed but whole numbers, and no length is believed before the
 * bytes were there, so time and memory are bounded by the bytes read. Confined to one thread.
 */
final class Pickle {
  private static final int MOST_BYTES = 16 << 20;
  private static final int MOST_OPERATIONS = 4_000_000;
  private static final int MOST_DIMENSIONS = 8;

  /** Python's None. */
  static final Object NONE = new Inert("None");

  /** A dictionary in the pickle's order. Keys may repeat; the last one counts. */
  record Dict(List<Object> keys, List<Object> values) {
    Dict() {
      this(new ArrayList<>(), new ArrayList<>());
    }

    void put(Object key, Object value) {
      keys.add(key);
      values.add(value);
    }

    @Nullable Object get(String key) {
      for (int i = keys.size() - 1; i >= 0; i--) {
        if (key.equals(keys.get(i))) {
          return values.get(i);
        }
      }
      return null;
    }
  }

  /** A tuple: a list that nothing can be appended to. */
  record Tuple(List<Object> items) {}

  /** A class or function that the pickle names. */
  record Global(String name) {}

  /** Something that was not made. */
  record Inert(String what) {}

  /**
   * A storage of a checkpoint, which holds numbers of one type.
   *
   * @param type as torch names it: FloatStorage, HalfStorage, ...
   * @param from element of the storage with that key at which this one begins
   */
  record Storage(String type, String key, long from, long elements) {}

  /** A tensor: a view into a storage. */
  record View(Storage storage, long offset, long[] size, long[] stride) {}

  /** Where a stack began. */
  private static final Object MARK = new Object();

  private final InputStream in;
  private final String where;
  private final List<Object> stack = new ArrayList<>();
  private final Map<Long, Object> memo = new HashMap<>();
  private final Map<String, Storage> storages = new LinkedHashMap<>();
  private long read;
  private int operations;

  private Pickle(InputStream in, String where) {
    this.in = in;
    this.where = where;
  }

  /** What one pickle built, how many bytes it took, and every storage it named, by key. */
  record Result(Object value, long bytes, Map<String, Storage> storages) {}

  /** Reads one pickle and stops behind it; {@code where} names the file in messages. */
  static Result read(InputStream in, String where) throws IOException {
    Pickle pickle = new Pickle(in, where);
    Object value = pickle.run();
    return new Result(value, pickle.read, pickle.storages);
  }

  private Object run() throws IOException {
    while (operations++ < MOST_OPERATIONS) {
      int opcode = nextByte();
      if (opcode == '.') {
        return pop();
      }
      step(opcode);
    }
    throw damaged("does not end");
  }

  private void step(int opcode) throws IOException {
    switch (opcode) {
      case 0x80 -> nextByte(); // PROTO
      case 0x95 -> number(8); // FRAME
      case '(' -> push(MARK);
      case '0' -> pop();
      case '1' -> popMarked();
      case '2' -> push(peek());
      case 'N' -> push(NONE);
      case 0x88 -> push(true);
      case 0x89 -> push(false);
      case 'K' -> push((long) nextByte());
      case 'M' -> push(number(2));
      case 'J' -> push((long) (int) number(4));
      case 0x8a -> push(integer(nextByte()));
      case 0x8b -> push(integer((int) Math.min(number(4), MOST_BYTES)));
      case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(number(8))));
      case 'X' -> push(text(number(4)));
      case 0x8c -> push(text(nextByte()));
      case 0x8d -> push(text(number(8)));
      case 'T', 'B' -> push(inertBytes(number(4)));
      case 'U', 'C' -> push(inertBytes(nextByte()));
      case 0x8e, 0x96 -> push(inertBytes(number(8)));
      case '}' -> push(new Dict());
      case ']' -> push(new ArrayList<>());
      case ')' -> push(new Tuple(List.of()));
      case 0x85 -> push(tuple(1));
      case 0x86 -> push(tuple(2));
      case 0x87 -> push(tuple(3));
      case 't' -> push(new Tuple(popMarked()));
      case 'l' -> push(new ArrayList<>(popMarked()));
      case 'd' -> push(dict(popMarked()));
      case 0x8f -> push(new Inert("set"));
      case 0x91 -> {
        popMarked();
        push(new Inert("frozenset"));
      }
      case 'q' -> memo.put((long) nextByte(), peek());
      case 'r' -> memo.put(number(4), peek());
      case 0x94 -> memo.put((long) memo.size(), peek());
      case 'h' -> push(recalled(nextByte()));
      case 'j' -> push(recalled(number(4)));
      case 'a' -> append(List.of(pop()));
      case 'e' -> append(popMarked());
      case 's' -> {
        Object value = pop();
        setItems(List.of(pop(), value));
      }
      case 'u' -> setItems(popMarked());
      case 0x90 -> popMarked(); // ADDITEMS: the set below stays inert
      case 'c' -> push(new Global(line() + "." + line()));
      case 0x93 -> {
        Object name = pop();
        // Only texts are put together: printing any other value could run in circles.
        push(
            pop() instanceof String module && name instanceof String text
                ? new Global(module + "." + text)
                : new Inert("a name"));
      }
      case 'R' -> {
        Object arguments = pop();
        push(call(pop(), arguments));
      }
      case 0x81 -> {
        pop();
        push(new Inert(nameOf(pop())));
      }
      case 0x92 -> {
        pop();
        pop();
        push(new Inert(nameOf(pop())));
      }
      case 'b' -> pop(); // BUILD: the state of an object that was not made, or of an OrderedDict
      case 'Q' -> push(persistent(pop()));
      default -> throw damaged(String.format("has the unknown operation 0x%02x", opcode));
    }
  }

  /** A call: the two that are understood are done here, every other one is not done at all. */
  private Object call(Object callable, Object arguments) {
    String name = nameOf(callable);
    List<Object> args = arguments instanceof Tuple tuple ? tuple.items() : List.of();
    switch (name) {
      case "collections.OrderedDict" -> {
        return args.isEmpty() ? new Dict() : pairs(args.get(0));
      }
      case "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor" -> {
        Object tensor = args.size() < 4 ? null : tensor(args);
        return tensor == null ? new Inert(name) : tensor;
      }
      case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state" -> {
        return !args.isEmpty() && args.get(0) instanceof View view ? view : new Inert(name);
      }
      default -> {
        return new Inert(name);
      }
    }
  }

  private static @Nullable View tensor(List<Object> args) {
    long[] size = longs(args.get(2));
    long[] stride = longs(args.get(3));
    return args.get(0) instanceof Storage storage
            && args.get(1) instanceof Long offset
            && size != null
            && stride != null
            && size.length == stride.length
        ? new View(storage, offset, size, stride)
        : null;
  }

  private static long @Nullable [] longs(Object value) {
    if (!(value instanceof Tuple tuple) || tuple.items().size() > MOST_DIMENSIONS) {
      return null;
    }
    long[] numbers = new long[tuple.items().size()];
    for (int i = 0; i < numbers.length; i++) {
      if (!(tuple.items().get(i) instanceof Long number)) {
        return null;
      }
      numbers[i] = number;
    }
    return numbers;
  }

  /** ('storage', type, key, location, elements[, view]); the location names a device: ignored. */
  private Object persistent(Object id) {
    List<Object> parts = id instanceof Tuple tuple ? tuple.items() : List.of();
    if (parts.size() >= 5
        && "storage".equals(parts.get(0))
        && parts.get(1) instanceof Global type
        && parts.get(2) instanceof String key
        && parts.get(4) instanceof Long elements) {
      String name = type.name().substring(type.name().lastIndexOf('.') + 1);
      long[] view =
          parts.size() > 5 && parts.get(5) instanceof Tuple t ? longs(viewRange(t)) : null;
      Storage storage =
          view == null
              ? new Storage(name, key, 0, elements)
              : new Storage(name, key, view[0], view[1]);
      storages.putIfAbsent(key, storage);
      return storage;
    }
    return new Inert("persistent id");
  }

  /** The legacy format's (key, offset, elements) of a storage inside another: the two numbers. */
  private static Tuple viewRange(Tuple view) {
    return new Tuple(view.items().size() == 3 ? view.items().subList(1, 3) : List.of("no range"));
  }

  private static String nameOf(Object callable) {
    return callable instanceof Global global ? global.name() : "an object";
  }

  private static Dict dict(List<Object> items) {
    Dict dict = new Dict();
    for (int i = 0; i + 1 < items.size(); i += 2) {
      dict.put(items.get(i), items.get(i + 1));
    }
    return dict;
  }

  /** OrderedDict([(key, value), ...]), as Python 2 wrote it. */
  private Dict pairs(Object list) {
    Dict dict = new Dict();
    if (list instanceof List<?> entries) {
      // One list can be copied again and again by three bytes each: copying costs operations.
      operations += entries.size();
      for (Object entry : entries) {
        List<?> pair =
            entry instanceof Tuple tuple
                ? tuple.items()
                : entry instanceof List<?> items ? items : List.of();
        if (pair.size() == 2) {
          dict.put(pair.get(0), pair.get(1));
        }
      }
    }
    return dict;
  }

  private void append(List<Object> items) {
    if (peek() instanceof ArrayList<?>) {
      @SuppressWarnings("unchecked") // Only this class makes the lists on the stack.
      List<Object> list = (List<Object>) peek();
      list.addAll(items);
    }
  }

  private void setItems(List<Object> items) {
    if (peek() instanceof Dict dict) {
      for (int i = 0; i + 1 < items.size(); i += 2) {
        dict.put(items.get(i), items.get(i + 1));
      }
    }
  }

  private Object recalled(long key) {
    Object value = memo.get(key);
    if (value == null) {
      throw damaged("recalls what it never stored");
    }
    return value;
  }

  private void push(Object value) {
    stack.add(value);
  }

  private Object pop() {
    Object value = peek();
    stack.remove(stack.size() - 1);
    return value;
  }

  private Object peek() {
    Object top = stack.isEmpty() ? MARK : stack.get(stack.size() - 1);
    if (top == MARK) {
      throw damaged("takes from an empty stack");
    }
    return top;
  }

  private List<Object> popMarked() {
    int mark = stack.lastIndexOf(MARK);
    if (mark < 0) {
      throw damaged("closes what it never opened");
    }
    List<Object> tail = stack.subList(mark + 1, stack.size());
    List<Object> items = Collections.unmodifiableList(new ArrayList<>(tail));
    stack.subList(mark, stack.size()).clear();
    return items;
  }

  private Tuple tuple(int count) {
    Object[] items = new Object[count];
    for (int i = count - 1; i >= 0; i--) {
      items[i] = pop();
    }
    return new Tuple(List.of(items));
  }

  private int nextByte() throws IOException {
    int value = in.read();
    if (value < 0) {
      throw damaged("is cut off");
    }
    count(1);
    return value;
  }

  private byte[] nextBytes(long count) throws IOException {
    if (count < 0 || count > MOST_BYTES) {
      throw damaged("announces " + Long.toUnsignedString(count) + " bytes in one piece");
    }
    count(count);
    byte[] bytes = in.readNBytes((int) count);
    if (bytes.length < count) {
      throw damaged("is cut off");
    }
    return bytes;
  }

  private void count(long bytes) {
    read += bytes;
    if (read > MOST_BYTES) {
      throw damaged("is longer than " + (MOST_BYTES >> 20) + " MB");
    }
  }

  /** An unsigned little-endian number of so many bytes. */
  private long number(int bytes) throws IOException {
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (long) nextByte() << (8 * i);
    }
    return value;
  }

  private Object integer(int count) throws IOException {
    byte[] bytes = nextBytes(count);
    if (count == 0) {
      return 0L;
    }
    for (int i = 0; i < count / 2; i++) {
      byte swapped = bytes[i];
      bytes[i] = bytes[count - 1 - i];
      bytes[count - 1 - i] = swapped;
    }
    BigInteger value = new BigInteger(bytes);
    return value.bitLength() < 64 ? (Object) value.longValue() : value;
  }

  private String text(long count) throws IOException {
    return new String(nextBytes(count), StandardCharsets.UTF_8);
  }

  private Inert inertBytes(long count) throws IOException {
    nextBytes(count);
    return new Inert("bytes");
  }

  private String line() throws IOException {
    byte[] bytes = new byte[256];
    for (int length = 0; length < bytes.length; length++) {
      int next = nextByte();
      if (next == '\n') {
        return new String(Arrays.copyOf(bytes, length), StandardCharsets.UTF_8);
      }
      bytes[length] = (byte) next;
    }
    throw damaged("has a name that is too long");
  }

  private BundleException damaged(String what) {
    return new BundleException(
        where + ": the pickle " + what + " at byte " + read + "; save or fetch the file again");
  }
}
