package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.UserException;
import io.moodline.schemas.SourceUri;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Addresses that try to lead where nothing is read. No name server is asked. */
class HostileUriTest {
  /** What hostile names answer. */
  private static final Map<String, String> NAMES =
      Map.of(
          "metadata.test", "169.254.169.254",
          "zero.test", "0.0.0.0",
          "mapped.test", "::ffff:169.254.169.254",
          "compatible.test", "::169.254.169.254",
          "translated.test", "64:ff9b::a9fe:a9fe",
          "tunnelled.test", "2002:a9fe:a9fe::1",
          "everyone.test", "255.255.255.255",
          "many.test", "224.0.0.251",
          "localhost", "127.0.0.1",
          "camera.test", "192.168.7.20");

  /** Hosts that are never read, however they are spelled. */
  private static final List<String> NEVER =
      List.of(
          "169.254.169.254",
          "169.254.1.1",
          "[fe80::1]",
          "[::ffff:169.254.169.254]",
          "[::ffff:a9fe:a9fe]",
          "[0:0:0:0:0:ffff:a9fe:a9fe]",
          "[::169.254.169.254]",
          "[64:ff9b::169.254.169.254]",
          "[2002:a9fe:a9fe::]",
          "[fd00:ec2::254]",
          "100.100.100.200",
          "192.0.0.192",
          "0.0.0.0",
          "0.1.2.3",
          "[::]",
          "224.0.0.1",
          "239.255.255.250",
          "[ff02::1]",
          "255.255.255.255",
          "240.0.0.1",
          "metadata.test",
          "METADATA.TEST",
          "zero.test",
          "mapped.test",
          "compatible.test",
          "translated.test",
          "tunnelled.test",
          "everyone.test",
          "many.test",
          // Spellings that programs read differently.
          "0251.0376.0251.0376",
          "0xa9.0xfe.0xa9.0xfe",
          "0xA9FEA9FE",
          "2852039166",
          "025177524776",
          "169.254.43518",
          "169.16689662",
          "0.0.0.0.",
          "169.254.169.254.",
          "metadata.test..",
          "1.169.254.169.254",
          "[169.254.169.254]",
          "[::ffff:0xa9fe:1]",
          "[fe80::1%25eth0]",
          "[fe80::1%eth0]",
          "[v1.fe80::a]",
          "169。254。169。254",
          "①⑥⑨.②⑤④.①⑥⑨.②⑤④",
          "mеtadata.test",
          "%31%36%39.254.169.254",
          "169.254.169.254%00.example.com",
          "169.254.169.254%23.example.com",
          "metadata\\.test",
          "-metadata.test",
          "metadata_.test",
          "meta data.test");

  /** This machine, which is not read once networks are named. */
  private static final List<String> LOOPBACK =
      List.of(
          "127.0.0.1",
          "127.1.2.3",
          "localhost",
          "LOCALHOST",
          "[::1]",
          "[::ffff:127.0.0.1]",
          "[::ffff:7f00:1]",
          "[64:ff9b::7f00:1]",
          "127.1",
          "0177.0.0.1",
          "0x7f.1",
          "2130706433",
          "017700000001",
          "127.0.0.1.",
          "localhost.");

  private static final List<String> SCHEMES = List.of("rtsp", "rtsps", "http", "https");
  private static final List<String> BEFORE =
      List.of(
          "", "user:CANARY@", "user@", "camera.test@", "camera.test%40", "camera.test:554@", "@");
  private static final List<String> BEHIND =
      List.of(
          "",
          ":554/x",
          "/x?y=@camera.test",
          ":80/@camera.test/",
          "#@camera.test",
          "\\@camera.test");

  @TempDir Path folder;

  @Test
  void refusesEverySpellingOfWhatIsNeverRead() {
    AddressPolicy policy = new AddressPolicy(HostileUriTest::resolve, List.of());
    AddressPolicy strict =
        new AddressPolicy(HostileUriTest::resolve, AddressRange.list("192.168.0.0/16, fd12::/16"));
    int tried = 0;
    for (String address : addresses(NEVER)) {
      assertThat(accepts(policy, address)).as(address).isFalse();
      tried++;
    }
    for (String address : addresses(LOOPBACK)) {
      assertThat(accepts(strict, address)).as(address).isFalse();
      tried++;
    }
    assertThat(tried).isGreaterThan(1000);
  }

  @Test
  void acceptsOrdinaryCameras() {
    AddressPolicy strict =
        new AddressPolicy(HostileUriTest::resolve, AddressRange.list("192.168.0.0/16, fd12::/16"));
    int accepted = 0;
    for (String scheme : SCHEMES) {
      for (String user : List.of("", "admin:p%40ss@", "viewer@")) {
        for (String host : List.of("192.168.1.20", "camera.test", "Camera.Test", "[fd12::20]")) {
          for (String rest :
              List.of("", ":8554/live", "/live?channel=1&x=a%20b", "/a/b.m3u8", "/")) {
            String address = scheme + "://" + user + host + rest;
            assertThat(accepts(strict, address)).as(address).isTrue();
            accepted++;
          }
        }
      }
    }
    assertThat(accepted).isGreaterThan(200);
  }

  @Test
  void refusesANameOneOfWhoseAddressesIsNeverRead() {
    AddressPolicy policy =
        new AddressPolicy(
            host -> new InetAddress[] {literal("192.168.7.20"), literal("169.254.169.254")},
            List.of());
    assertThatThrownBy(() -> policy.resolve(SourceUri.parse("rtsp://camera.test/x")))
        .isInstanceOf(UserException.class);
  }

  @Test
  void asksForANameOnceAndConnectsToThatAnswer() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    AddressPolicy policy =
        new AddressPolicy(
            host ->
                new InetAddress[] {
                  literal(asked.incrementAndGet() == 1 ? "192.168.7.20" : "169.254.169.254")
                },
            List.of());
    try (SourceOrders orders =
        new SourceOrders(
            MediaFolder.open(folder.resolve("media")),
            SecretBox.open(folder.resolve("secret.key")),
            policy)) {
      SourceUri uri = SourceUri.parse("rtsp://camera.test/x");
      var order = (DecodeOrder.Network) orders.order(uri, WantedFrames.rate(5), -1);
      assertThat(order.address().getHostAddress()).isEqualTo("192.168.7.20");
      assertThat(asked).hasValue(1);
      assertThatThrownBy(() -> orders.order(uri, WantedFrames.rate(5), -1))
          .isInstanceOf(UserException.class);
    }
  }

  @Test
  void followsNoOneFurtherInside() throws Exception {
    AddressPolicy policy = new AddressPolicy(HostileUriTest::resolve, List.of());
    InetAddress open = literal("93.184.216.34");
    InetAddress near = literal("192.168.7.20");
    InetAddress here = literal("127.0.0.1");
    SourceUri camera = SourceUri.parse("rtsp://camera.test/x");
    SourceUri local = SourceUri.parse("rtsp://localhost/x");
    assertThatThrownBy(() -> policy.follow(open, camera)).hasMessageContaining("private network");
    assertThatThrownBy(() -> policy.follow(near, local)).hasMessageContaining("this machine");
    assertThat(policy.follow(near, camera)).isEqualTo(near);
    assertThat(policy.follow(here, local)).isEqualTo(here);
    assertThatThrownBy(() -> policy.follow(here, SourceUri.parse("rtsp://metadata.test/")))
        .hasMessageContaining("never read");
  }

  @Test
  void readsWhereARedirectLeadsByTheSameRules() throws Exception {
    SourceUri from = SourceUri.parse("https://user:pass@camera.test/a/list.m3u8");
    assertThat(Redirects.resolve(from, "b/1.ts")).hasToString("https://camera.test/a/b/1.ts");
    assertThat(Redirects.resolve(from, "//camera.test:8443/x"))
        .hasToString("https://camera.test:8443/x");
    assertThat(Redirects.resolve(from, "1.ts").credentials()).isEmpty();
    for (String reference :
        List.of(
            "http://camera.test/1.ts",
            "file:///etc/passwd",
            "rtsp://camera.test/x",
            "https://0xa9fea9fe/",
            "https://camera.test\\@metadata.test/",
            "concat:a|b",
            "data:text/plain,x",
            "crypto+file:/etc/passwd",
            "subfile,,start,0,end,9,,:/etc/passwd",
            "https://camera.test/a b",
            "https://")) {
      assertThatThrownBy(() -> Redirects.resolve(from, reference))
          .as(reference)
          .isInstanceOf(SourceException.class)
          .hasMessageContaining("leads elsewhere");
    }
    assertThatThrownBy(() -> Redirects.target(from, Optional.empty()))
        .isInstanceOf(SourceException.class);
  }

  @Test
  void readsFilesAndFoldersOnlyWithinTheMediaFolder() throws Exception {
    Path outside = Files.createDirectory(folder.resolve("outside"));
    Files.write(outside.resolve("secret.mp4"), new byte[] {1, 2, 3});
    MediaFolder media = MediaFolder.open(folder.resolve("media"));
    Files.createSymbolicLink(media.root().resolve("link.mp4"), outside.resolve("secret.mp4"));
    Files.createSymbolicLink(media.root().resolve("folder"), outside);
    Files.createDirectory(media.root().resolve("inside"));
    try (SourceOrders orders =
        new SourceOrders(
            media, SecretBox.open(folder.resolve("secret.key")), AddressPolicy.usual())) {
      for (String source :
          List.of(
              "file:link.mp4",
              "file:folder/secret.mp4",
              "file:../outside/secret.mp4",
              "file:inside/../../outside/secret.mp4",
              "file:%2e%2e/outside/secret.mp4",
              "file:/etc/passwd",
              "file:/proc/self/environ",
              "file:///dev/zero",
              "file:.",
              "file:inside",
              "file:..\\outside\\secret.mp4",
              "pictures:folder",
              "pictures:../outside",
              "pictures:/etc",
              "pictures:link.mp4",
              "pictures:inside/../../outside")) {
        assertThatThrownBy(() -> orders.order(SourceUri.parse(source), WantedFrames.rate(5), -1))
            .as(source)
            .isInstanceOf(UserException.class)
            .message()
            .doesNotContain(folder.toString());
      }
      assertThat(orders.order(SourceUri.parse("pictures:inside"), WantedFrames.rate(5), -1))
          .isInstanceOf(DecodeOrder.Pictures.class);
    }
  }

  private static List<String> addresses(List<String> hosts) {
    List<String> addresses = new ArrayList<>();
    for (String host : hosts) {
      for (int i = 0; i < BEFORE.size() * BEHIND.size(); i++) {
        String scheme = SCHEMES.get((i + addresses.size()) % SCHEMES.size());
        addresses.add(
            scheme + "://" + BEFORE.get(i % BEFORE.size()) + host + BEHIND.get(i / BEFORE.size()));
      }
    }
    return addresses;
  }

  private static boolean accepts(AddressPolicy policy, String address) {
    try {
      policy.resolve(SourceUri.parse(address));
      return true;
    } catch (IllegalArgumentException | UserException | UnknownHostException e) {
      assertThat(String.valueOf(e.getMessage())).doesNotContain("CANARY");
      return false;
    }
  }

  private static InetAddress[] resolve(String host) throws UnknownHostException {
    String known = NAMES.get(host);
    if (known == null && !host.matches("[0-9.]+|[0-9a-f:.]*:[0-9a-f:.]*")) {
      throw new UnknownHostException(host);
    }
    return new InetAddress[] {literal(known == null ? host : known)};
  }

  private static InetAddress literal(String address) throws UnknownHostException {
    return InetAddress.getByName(address);
  }
}
