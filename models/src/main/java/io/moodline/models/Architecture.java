package io.moodline.models;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The networks this project can write from a checkpoint. */
enum Architecture {
  LITE(LiteNetwork.ARCHITECTURE, LiteNetwork.SIDE, "fc.weight") {
    @Override
    void write(GraphBuilder graph, int labels) {
      LiteNetwork.write(graph, labels);
    }
  },
  POSTER_V2(
      PosterV2Network.ARCHITECTURE,
      PosterV2Network.SIDE,
      "VIT.head.linear.weight",
      "face_landback.output_layer.",
      "ir_back.output_layer.",
      "VIT.patch_embed.",
      "VIT.eca_block.",
      "VIT.CON1.",
      "VIT.IRLinear",
      "VIT.blocks.0.conv.",
      "VIT.blocks.1.conv.") {
    @Override
    void write(GraphBuilder graph, int labels) {
      PosterV2Network.write(graph, labels);
    }
  },
  OAENET(
      OaenetNetwork.ARCHITECTURE,
      OaenetNetwork.SIDE,
      "classifier.weight",
      "attention_branch.base_model.",
      "attention_branch.decode",
      "attention_branch.conv_last") {
    @Override
    void write(GraphBuilder graph, int labels) {
      OaenetNetwork.write(graph, labels);
    }

    @Override
    MaskKind mask() {
      return MaskKind.PUBLISHED_68;
    }
  },
  /** The same network, trained under masks of a detector's five landmarks. */
  OAENET_FIVE_POINT(
      OaenetNetwork.ARCHITECTURE + "-five-point",
      OaenetNetwork.SIDE,
      "classifier.weight",
      "attention_branch.base_model.",
      "attention_branch.decode",
      "attention_branch.conv_last") {
    @Override
    void write(GraphBuilder graph, int labels) {
      OaenetNetwork.write(graph, labels);
    }

    @Override
    MaskKind mask() {
      return MaskKind.FIVE_POINT;
    }
  };

  private final String id;
  private final int side;
  private final String head;

  @SuppressWarnings("ImmutableEnumChecker") // List.of cannot change.
  private final List<String> unused;

  /**
   * A network.
   *
   * @param head the last layer's weight, whose first extent is the number of labels
   * @param unused prefixes of weights that checkpoints hold although no logit depends on them
   */
  Architecture(String id, int side, String head, String... unused) {
    this.id = id;
    this.side = side;
    this.head = head;
    this.unused = List.of(unused);
  }

  abstract void write(GraphBuilder graph, int labels);

  static Architecture of(String id) {
    return Arrays.stream(values())
        .filter(architecture -> architecture.id.equals(id.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () -> new BundleException("architecture " + id + " is not known; known are " + ids()));
  }

  static String ids() {
    return Arrays.stream(values()).map(Architecture::id).collect(Collectors.joining(", "));
  }

  String id() {
    return id;
  }

  InputSpec input() {
    return new InputSpec(side, side, 3, mask());
  }

  MaskKind mask() {
    return MaskKind.NONE;
  }

  String head() {
    return head;
  }

  /** Whether a checkpoint may hold that weight without the network reading it. */
  boolean leavesUnused(String name) {
    return name.endsWith(".num_batches_tracked")
        || name.endsWith(".relative_position_index")
        || unused.stream().anyMatch(name::startsWith);
  }
}
