package io.moodline.deploy;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The walls between the modules, as the design has them. */
class ArchitectureTest {
  private static JavaClasses moodline;

  @BeforeAll
  static void readClasses() {
    moodline =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.moodline");
  }

  @Test
  void seesEveryModule() {
    assertThat(
            Stream.of("schemas", "runtime", "models", "ingest", "analyzer", "sink", "deploy")
                .filter(
                    module ->
                        moodline.stream()
                            .noneMatch(
                                c -> c.getPackageName().startsWith("io.moodline." + module))))
        .as("modules without classes: the rules below would hold for nothing")
        .isEmpty();
  }

  @Test
  void stagesMeetInTopicsOnly() {
    mayNotUse("ingest", "analyzer", "sink", "models", "deploy");
    mayNotUse("analyzer", "ingest", "sink", "deploy");
    mayNotUse("sink", "ingest", "analyzer", "models", "deploy");
  }

  @Test
  void foundationsKnowNoStage() {
    mayNotUse("schemas", "runtime", "models", "ingest", "analyzer", "sink", "deploy");
    mayNotUse("models", "schemas", "runtime", "ingest", "analyzer", "sink", "deploy");
    mayNotUse("runtime", "models", "ingest", "analyzer", "sink", "deploy");
  }

  @Test
  void onlyOneClassKnowsTheBrokersOwnClasses() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName("io.moodline.runtime.EmbeddedBroker")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("kafka..", "org.apache.kafka.metadata..", "org.apache.kafka.server..")
        .check(moodline);
  }

  @Test
  void nativeLibrariesStayWhereTheyAreOwned() {
    usedOnlyBy("ai.onnxruntime..", "io.moodline.models..");
    usedOnlyBy("org.bytedeco.javacv..", "io.moodline.ingest..");
    usedOnlyBy("org.bytedeco.ffmpeg..", "io.moodline.ingest..");
    usedOnlyBy("org.bytedeco.opencv..", "io.moodline.ingest..", "io.moodline.analyzer..");
    methods()
        .that()
        .arePublic()
        .and()
        .areDeclaredInClassesThat(
            resideInAnyPackage("io.moodline..")
                .and(not(resideInAnyPackage("io.moodline.schemas.v1"))))
        .should(showNoNativeTypes())
        .check(moodline);
  }

  @Test
  void kafkaStreamsAndTheWebServerStayInTheSink() {
    usedOnlyBy("org.apache.kafka.streams..", "io.moodline.sink..");
    usedOnlyBy("io.javalin..", "io.moodline.sink..");
    usedOnlyBy("picocli..", "io.moodline.deploy..");
  }

  @Test
  void namesSayWhatAClassIs() {
    noClasses()
        .that(resideOutsideOfPackages("io.moodline.schemas.v1.."))
        .should()
        .haveSimpleNameEndingWith("Manager")
        .orShould()
        .haveSimpleNameEndingWith("Helper")
        .orShould()
        .haveSimpleNameEndingWith("Util")
        .orShould()
        .haveSimpleNameEndingWith("Utils")
        .orShould()
        .haveSimpleNameEndingWith("Impl")
        .orShould()
        .haveSimpleNameStartingWith("Abstract")
        .check(moodline);
  }

  private static void mayNotUse(String module, String... others) {
    String[] packages =
        Stream.of(others).map(other -> "io.moodline." + other + "..").toArray(String[]::new);
    noClasses()
        .that()
        .resideInAPackage("io.moodline." + module + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(packages)
        .check(moodline);
  }

  private static void usedOnlyBy(String library, String... owners) {
    classes()
        .that()
        .resideOutsideOfPackages(owners)
        .should()
        .onlyDependOnClassesThat()
        .resideOutsideOfPackage(library)
        .check(moodline);
  }

  private static ArchCondition<JavaMethod> showNoNativeTypes() {
    return new ArchCondition<>("show no type of a native library outside their package") {
      @Override
      public void check(JavaMethod method, ConditionEvents events) {
        if (!method
            .getOwner()
            .getModifiers()
            .contains(com.tngtech.archunit.core.domain.JavaModifier.PUBLIC)) {
          return;
        }
        Stream.concat(method.getRawParameterTypes().stream(), Stream.of(method.getRawReturnType()))
            .filter(
                type ->
                    type.getPackageName().startsWith("org.bytedeco")
                        || type.getPackageName().startsWith("ai.onnxruntime"))
            .forEach(
                type ->
                    events.add(
                        SimpleConditionEvent.violated(
                            method, method.getFullName() + " shows " + type.getName())));
      }
    };
  }
}
