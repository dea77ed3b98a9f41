package io.moodline.deploy;

import io.moodline.models.BundleException;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/**
 * The command line. Exit codes: 0 done, 1 a bug in Moodline (with its stack trace), 2 something the
 * user can mend (one line on standard error).
 */
@Command(
    name = "moodline",
    description = "Turns live cameras and recorded video into emotion timelines.",
    subcommands = {
      DemoCommand.class,
      ServeCommand.class,
      ReplayCommand.class,
      PredictCommand.class,
      EvaluateCommand.class,
      EvaluateDetectorCommand.class,
      ExplainCommand.class,
      ModelCommand.class,
      StreamCommand.class,
      RecordingCommand.class,
      RuleCommand.class,
      AlertCommand.class,
      WebhookCommand.class,
      AnalyzerCommand.class,
      WatchCommand.class,
      TimelineCommand.class,
      TokenCommand.class,
      SettingsCommand.class,
      HardwareCommand.class,
      BenchmarkCommand.class,
      CommandLine.HelpCommand.class
    },
    footer = {
      "",
      "Settings: $MOODLINE_HOME/moodline.properties, MOODLINE_... variables, --set key=value; see docs/config.md.",
      "A score says how a face looks in a picture. It does not say what a person feels."
    })
public final class MoodlineCli extends CommandGroup {
  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] args) {
    // Read by logback.xml when the first logger is made: only a server talks about what it does.
    boolean serves = List.of(args).contains("serve");
    System.setProperty("moodline.log", serves ? "INFO" : "WARN");
    System.setProperty("moodline.kafka.log", serves ? "ERROR" : "OFF");
    // A log is read later and elsewhere, a command's words are read now.
    System.setProperty(
        "moodline.log.time", serves ? "yyyy-MM-dd'T'HH:mm:ss.SSS'Z', UTC" : "HH:mm:ss.SSS");
    System.exit(run(args));
  }

  /** Runs one command. */
  static int run(String... args) {
    CommandLine cli = new CommandLine(new MoodlineCli());
    addStandardOptions(cli);
    cli.setCaseInsensitiveEnumValuesAllowed(true);
    cli.setExecutionExceptionHandler(MoodlineCli::report);
    cli.setParameterExceptionHandler(MoodlineCli::reportUsage);
    return cli.execute(args);
  }

  /** {@code --help} and {@code --version} at every level. */
  private static void addStandardOptions(CommandLine cli) {
    cli.getCommandSpec().mixinStandardHelpOptions(true);
    cli.getCommandSpec().versionProvider(new Version());
    cli.getCommandSpec().usageMessage().sortOptions(false);
    cli.getSubcommands().values().stream()
        .filter(sub -> !(sub.getCommand() instanceof CommandLine.HelpCommand))
        .forEach(MoodlineCli::addStandardOptions);
  }

  private static int report(Exception e, CommandLine cli, CommandLine.ParseResult result) {
    if (e instanceof UserException || e instanceof BundleException) {
      cli.getErr().println("moodline: " + oneLine(e.getMessage()));
      return 2;
    }
    PrintWriter err = cli.getErr();
    err.println("moodline: this is a bug, please report it");
    e.printStackTrace(err);
    err.flush();
    return 1;
  }

  private static int reportUsage(CommandLine.ParameterException e, String[] args) {
    CommandLine cli = e.getCommandLine();
    cli.getErr()
        .println(
            "moodline: "
                + oneLine(e.getMessage())
                + " (see "
                + cli.getCommandSpec().qualifiedName()
                + " --help)");
    return 2;
  }

  private static String oneLine(@Nullable String message) {
    return String.valueOf(message).replaceAll("\\s*\\R\\s*", " ");
  }

  /** The version that Maven wrote into the jar. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"moodline " + number()};
    }

    static String number() {
      Properties properties = new Properties();
      try (InputStream in = MoodlineCli.class.getResourceAsStream("/version.properties")) {
        properties.load(in);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return properties.getProperty("version");
    }
  }
}
