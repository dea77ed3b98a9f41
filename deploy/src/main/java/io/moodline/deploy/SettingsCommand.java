package io.moodline.deploy;

import io.moodline.runtime.Setting;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code moodline settings}: the configuration reference, made from the settings' declarations. */
@Command(
    name = "settings",
    description = "Print every setting with its meaning and default, as Markdown.")
final class SettingsCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    System.out.print(reference());
    return 0;
  }

  /** The text of {@code docs/config.md}. */
  static String reference() {
    StringBuilder page =
        new StringBuilder(
            """
            # Settings

            Made by `./moodline settings > docs/config.md`; a test keeps this page equal to the code.

            A setting is looked up on the command line (`--set key=value`), then in the environment
            (`http.port` is `MOODLINE_HTTP_PORT`), then in `$MOODLINE_HOME/moodline.properties`, then here. An unknown
            key fails at start, and an unknown variable `MOODLINE_...` is named in a warning. `MOODLINE_HOME` is
            `~/.moodline` unless set; `MOODLINE_LOG` sets the log level, `MOODLINE_KAFKA_LOG` that of Kafka. The
            commands that are a server of their own (`demo`, `replay` without `--server`, `benchmark`) use no cluster,
            no schema registry and no address but 127.0.0.1, whatever the file and the environment say.

            | setting | default | meaning |
            |---|---|---|
            """);
    for (Setting<?> setting : SettingsOptions.ALL) {
      String value = setting.defaultText().isEmpty() ? "" : "`" + setting.defaultText() + "`";
      page.append("| `" + setting.key() + "` | " + value + " | " + setting.meaning() + " |\n");
    }
    return page.toString();
  }
}
