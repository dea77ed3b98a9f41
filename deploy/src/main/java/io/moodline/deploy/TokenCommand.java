package io.moodline.deploy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import io.moodline.runtime.AccessTokens;
import io.moodline.runtime.UserException;
import io.moodline.sink.SinkSettings;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moodline token}: who may call the HTTP API of a server that other machines reach. */
@Command(
    name = "token",
    description = "Make, list and revoke access tokens of this installation's HTTP API.",
    subcommands = {
      TokenCommand.Create.class,
      TokenCommand.Listing.class,
      TokenCommand.Revoke.class
    })
final class TokenCommand extends CommandGroup {
  private static AccessTokens tokens(SettingsOptions options) {
    return SinkSettings.tokens(options.load(Map.of()));
  }

  @Command(name = "create", description = "Make a token and print it; it is never shown again.")
  static final class Create implements Callable<Integer> {
    @Mixin SettingsOptions options = new SettingsOptions();

    @Parameters(
        index = "0",
        paramLabel = "ROLE",
        description = "viewer sees; operator also changes streams; admin may do everything.")
    String role = "";

    @Option(names = "--note", paramLabel = "TEXT", description = "What the token is for.")
    String note = "";

    @Override
    public Integer call() {
      AccessTokens.Role wanted = AccessTokens.Role.of(role);
      System.out.println(tokens(options).create(wanted, note, Clock.systemUTC()));
      return 0;
    }
  }

  @Command(name = "list", description = "List the tokens, without what it takes to use them.")
  static final class Listing implements Callable<Integer> {
    @Mixin SettingsOptions options = new SettingsOptions();

    @Option(names = "--json", description = "Print JSON.")
    boolean json;

    @Override
    public Integer call() {
      ArrayNode all = ApiClient.JSON.createArrayNode();
      for (AccessTokens.Entry entry : tokens(options).all()) {
        all.addObject()
            .put("id", entry.id())
            .put("role", entry.role().word())
            .put("createdAt", entry.createdAt().toString())
            .put("note", entry.note());
      }
      if (json) {
        System.out.println(all.toPrettyString());
        return 0;
      }
      System.out.printf("%-10s %-10s %-22s %s%n", "ID", "ROLE", "CREATED", "NOTE");
      all.forEach(
          token ->
              System.out.printf(
                  "%-10s %-10s %-22s %s%n",
                  token.path("id").asText(),
                  token.path("role").asText(),
                  token.path("createdAt").asText(),
                  token.path("note").asText()));
      return 0;
    }
  }

  @Command(name = "revoke", description = "Revoke a token; a running server refuses it at once.")
  static final class Revoke implements Callable<Integer> {
    @Mixin SettingsOptions options = new SettingsOptions();

    @Parameters(index = "0", paramLabel = "ID", description = "Id of the token, see list.")
    String id = "";

    @Override
    public Integer call() {
      if (!tokens(options).revoke(id)) {
        throw new UserException("token '" + id + "' is not known: see moodline token list");
      }
      System.out.println("token " + id + " revoked");
      return 0;
    }
  }
}
