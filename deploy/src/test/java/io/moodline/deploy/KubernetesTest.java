package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.moodline.runtime.Health;
import io.moodline.runtime.StatusServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** {@code kubernetes/moodline.yaml} as an API server reads it, and what its parts say of others. */
class KubernetesTest {
  private static final Path FILE = Path.of("kubernetes/moodline.yaml");
  private static final Map<String, Class<? extends HasMetadata>> TYPES =
      Map.of(
          "v1/ConfigMap", ConfigMap.class,
          "v1/PersistentVolumeClaim", PersistentVolumeClaim.class,
          "v1/Service", Service.class,
          "apps/v1/Deployment", Deployment.class,
          "apps/v1/StatefulSet", StatefulSet.class);

  /** The types collect fields that they do not know; here such a field is an error. */
  private static final JsonMapper STRICT =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .annotationIntrospector(
              new JacksonAnnotationIntrospector() {
                @Override
                public Boolean hasAnySetter(Annotated member) {
                  return false;
                }
              })
          .build();

  private static final List<HasMetadata> ALL = new ArrayList<>();
  private static final List<Workload> WORKLOADS = new ArrayList<>();

  /** A stage's pods. */
  private record Workload(
      LabelSelector selector, PodTemplateSpec pod, List<PersistentVolumeClaim> claims) {
    Container container() {
      assertThat(pod.getSpec().getContainers()).hasSize(1);
      return pod.getSpec().getContainers().get(0);
    }

    DeployedStage stage() {
      Map<String, String> environment = new HashMap<>();
      container()
          .getEnvFrom()
          .forEach(
              from ->
                  environment.putAll(
                      only(ConfigMap.class, from.getConfigMapRef().getName()).getData()));
      for (EnvVar variable : container().getEnv()) {
        environment.put(variable.getName(), variable.getValue());
      }
      return DeployedStage.of(container().getArgs(), environment);
    }
  }

  @BeforeAll
  static void read() throws IOException {
    for (JsonNode document : YamlFile.documents(FILE)) {
      String type = document.path("apiVersion").asText() + "/" + document.path("kind").asText();
      assertThat(TYPES).containsKey(type);
      ALL.add(STRICT.treeToValue(document, TYPES.get(type)));
    }
    for (Deployment set : all(Deployment.class)) {
      WORKLOADS.add(
          new Workload(set.getSpec().getSelector(), set.getSpec().getTemplate(), List.of()));
    }
    for (StatefulSet set : all(StatefulSet.class)) {
      WORKLOADS.add(
          new Workload(
              set.getSpec().getSelector(),
              set.getSpec().getTemplate(),
              set.getSpec().getVolumeClaimTemplates()));
    }
  }

  private static <T extends HasMetadata> List<T> all(Class<T> type) {
    return ALL.stream().filter(type::isInstance).map(type::cast).toList();
  }

  private static <T extends HasMetadata> T only(Class<T> type, String name) {
    List<T> named =
        all(type).stream().filter(it -> it.getMetadata().getName().equals(name)).toList();
    assertThat(named).as(type.getSimpleName() + " " + name).hasSize(1);
    return named.get(0);
  }

  @Test
  void eachStageHasPodsThatItsSelectorFindsAndThatAreScraped() {
    assertThat(WORKLOADS)
        .extracting(workload -> workload.stage().role())
        .containsExactlyInAnyOrder(Node.Role.values());
    for (Workload workload : WORKLOADS) {
      DeployedStage stage = workload.stage();
      Map<String, String> labels = workload.pod().getMetadata().getLabels();
      assertThat(labels)
          .containsAllEntriesOf(workload.selector().getMatchLabels())
          .containsEntry("app", "moodline")
          .containsEntry("stage", stage.role().name().toLowerCase(Locale.ROOT));
      assertThat(workload.selector().getMatchLabels()).containsKeys("app", "stage");
      assertThat(workload.pod().getMetadata().getAnnotations())
          .containsEntry("prometheus.io/scrape", "true")
          .containsEntry("prometheus.io/port", Integer.toString(stage.port()));
    }
  }

  @Test
  void probesAskThePortThatTheStageListensOn() throws Exception {
    for (Workload workload : WORKLOADS) {
      DeployedStage stage = workload.stage();
      Container container = workload.container();
      assertThat(stage.host()).isEqualTo("0.0.0.0");
      assertThat(container.getPorts())
          .extracting(ContainerPort::getContainerPort)
          .containsExactly(stage.port());
      String name = container.getPorts().get(0).getName();
      for (Probe probe : List.of(container.getStartupProbe(), container.getLivenessProbe())) {
        assertThat(probe.getHttpGet().getPath()).isEqualTo("/health/live");
        assertThat(probe.getHttpGet().getPort().getStrVal()).isEqualTo(name);
      }
      Probe ready = container.getReadinessProbe();
      assertThat(ready.getHttpGet().getPath()).isEqualTo("/health/ready");
      assertThat(ready.getHttpGet().getPort().getStrVal()).isEqualTo(name);
    }
    try (StatusServer server =
        StatusServer.start("127.0.0.1", 0, new Health(), new PrometheusRegistry())) {
      URI root = URI.create("http://127.0.0.1:" + server.port());
      for (String path : List.of("/health/live", "/health/ready")) {
        var request = HttpRequest.newBuilder(root.resolve(path)).build();
        var answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        assertThat(answer.statusCode()).isIn(200, 503);
      }
    }
  }

  @Test
  void servicesFindTheSinksAndTheirPort() {
    Workload sink = WORKLOADS.stream().filter(it -> it.stage().isSink()).findFirst().orElseThrow();
    ContainerPort port = sink.container().getPorts().get(0);
    assertThat(all(Service.class)).hasSize(2);
    for (Service service : all(Service.class)) {
      assertThat(sink.pod().getMetadata().getLabels())
          .containsAllEntriesOf(service.getSpec().getSelector());
      assertThat(service.getSpec().getSelector()).containsEntry("stage", "sink");
      assertThat(service.getSpec().getPorts()).hasSize(1);
      assertThat(service.getSpec().getPorts().get(0).getTargetPort().getStrVal())
          .isEqualTo(port.getName());
    }
    StatefulSet set = only(StatefulSet.class, "moodline-sink");
    Service names = only(Service.class, set.getSpec().getServiceName());
    assertThat(names.getSpec().getClusterIP()).isEqualTo("None");
    assertThat(names.getSpec().getPublishNotReadyAddresses()).isTrue();
    assertThat(sink.stage().value("http.advertised"))
        .isEqualTo("$(POD_NAME)." + names.getMetadata().getName() + ":" + port.getContainerPort());
    assertThat(sink.container().getEnv())
        .extracting(EnvVar::getName)
        .containsSubsequence("POD_NAME", "MOODLINE_HTTP_ADVERTISED");
  }

  @Test
  void whatIsMountedIsThereAndWhatSettingsNameIsMounted() throws IOException {
    String made = Files.readString(FILE).replace("\n", " ");
    for (Workload workload : WORKLOADS) {
      List<String> volumes = new ArrayList<>();
      workload.claims().forEach(claim -> volumes.add(claim.getMetadata().getName()));
      for (Volume volume : workload.pod().getSpec().getVolumes()) {
        volumes.add(volume.getName());
        if (volume.getPersistentVolumeClaim() != null) {
          only(PersistentVolumeClaim.class, volume.getPersistentVolumeClaim().getClaimName());
        }
        if (volume.getSecret() != null) {
          assertThat(made)
              .contains("create secret generic " + volume.getSecret().getSecretName() + " ");
        }
      }
      DeployedStage stage = workload.stage();
      List<VolumeMount> mounts = workload.container().getVolumeMounts();
      assertThat(mounts)
          .extracting(VolumeMount::getName)
          .containsExactlyInAnyOrderElementsOf(volumes);
      assertThat(mounts)
          .extracting(VolumeMount::getMountPath)
          .contains(DeployedStage.HOME, "/tmp") // where natives are unpacked
          .containsAll(stage.folders());
      for (String file : stage.secretFiles()) {
        assertThat(made).contains("--from-file=" + Path.of(file).getFileName() + " ");
      }
    }
  }

  @Test
  void nobodyIsRootAndTheHeapFits() {
    for (Workload workload : WORKLOADS) {
      var pod = workload.pod().getSpec().getSecurityContext();
      assertThat(pod.getRunAsNonRoot()).isTrue();
      assertThat(pod.getRunAsUser()).isEqualTo(DeployedStage.USER);
      assertThat(pod.getFsGroup()).isEqualTo(DeployedStage.USER);
      assertThat(pod.getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
      var context = workload.container().getSecurityContext();
      assertThat(context.getAllowPrivilegeEscalation()).isFalse();
      assertThat(context.getReadOnlyRootFilesystem()).isTrue();
      assertThat(context.getCapabilities().getDrop()).containsExactly("ALL");
      var resources = workload.container().getResources();
      Quantity limit = resources.getLimits().get("memory");
      assertThat(limit.getNumericalAmount())
          .isGreaterThanOrEqualTo(resources.getRequests().get("memory").getNumericalAmount())
          .isGreaterThan(new Quantity("768Mi").getNumericalAmount());
    }
  }
}
