package io.moodline.deploy;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command that does nothing itself but has subcommands: alone it says which. */
abstract class CommandGroup implements Callable<Integer> {
  @Spec @Nullable CommandSpec spec;

  @Override
  public final Integer call() {
    CommandLine cli = Objects.requireNonNull(spec, "picocli sets it").commandLine();
    cli.usage(cli.getErr());
    return 2;
  }
}
