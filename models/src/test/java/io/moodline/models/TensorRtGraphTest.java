package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import io.moodline.models.Calibration.Range;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a graph may hold so that TensorRT 10 takes it whole, by what its ONNX parser documents: the
 * operators below; uint8 as an input that goes straight into a Cast and nowhere else; weights,
 * bounds, axes and pads that are stored, not computed; no number of 64 bits but in shapes.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class TensorRtGraphTest {
  /** Those of its operators that our graphs are made of. */
  private static final Set<String> KNOWN =
      Set.of(
          "Add",
          "BatchNormalization",
          "Cast",
          "Clip",
          "Concat",
          "Conv",
          "ConvTranspose",
          "Div",
          "Erf",
          "Flatten",
          "Floor",
          "Gather",
          "GlobalAveragePool",
          "LayerNormalization",
          "MatMul",
          "MaxPool",
          "Mul",
          "PRelu",
          "Pad",
          "ReduceMean",
          "ReduceSum",
          "Relu",
          "Reshape",
          "Sigmoid",
          "Slice",
          "Softmax",
          "Sqrt",
          "Sub",
          "Transpose");

  /** Inputs from this one on must be stored in the file. */
  private static final Map<String, Integer> STORED_FROM =
      Map.of(
          "BatchNormalization",
          1,
          "Clip",
          1,
          "Conv",
          1,
          "ConvTranspose",
          1,
          "Gather",
          1,
          "LayerNormalization",
          1,
          "PRelu",
          1,
          "Pad",
          1,
          "Reshape",
          1,
          "Slice",
          1);

  private static byte[] onnx(Architecture architecture) {
    Weights weights =
        RecipeWeights.of(1, RecipeWeights.shapesOf(g -> architecture.write(g, 7)), 0.9);
    GraphBuilder graph = new GraphBuilder(architecture.id(), weights);
    architecture.write(graph, 7);
    return graph.build();
  }

  private static GraphProto graph(byte[] onnx) {
    return GraphCheck.parse(onnx, "graph").getGraph();
  }

  private static Set<String> operators(GraphProto graph) {
    Set<String> operators = new TreeSet<>();
    graph.getNodeList().forEach(node -> operators.add(node.getOpType()));
    return operators;
  }

  @Test
  void eachGraphIsMadeOfTheseOperators() {
    assertThat(operators(graph(onnx(Architecture.LITE))))
        .containsExactly(
            "Add",
            "Cast",
            "Conv",
            "Div",
            "Flatten",
            "Floor",
            "GlobalAveragePool",
            "Mul",
            "ReduceMean",
            "ReduceSum",
            "Relu",
            "Reshape",
            "Sigmoid",
            "Slice",
            "Sqrt",
            "Sub");
    assertThat(operators(graph(onnx(Architecture.POSTER_V2))))
        .containsExactly(
            "Add",
            "BatchNormalization",
            "Cast",
            "Concat",
            "Conv",
            "Div",
            "Erf",
            "Flatten",
            "LayerNormalization",
            "MatMul",
            "MaxPool",
            "Mul",
            "PRelu",
            "Pad",
            "Relu",
            "Reshape",
            "Sigmoid",
            "Slice",
            "Softmax",
            "Sub",
            "Transpose");
    assertThat(operators(graph(onnx(Architecture.OAENET))))
        .containsExactly(
            "Add",
            "Cast",
            "Clip",
            "Concat",
            "Conv",
            "ConvTranspose",
            "Div",
            "Flatten",
            "Gather",
            "GlobalAveragePool",
            "MaxPool",
            "Mul",
            "Relu",
            "Reshape",
            "Sub",
            "Transpose");
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void tensorRtTakesGraphsWholeInFloatAndInHalfPrecision(Architecture architecture) {
    byte[] onnx = onnx(architecture);
    checkWhole(graph(onnx));
    checkWhole(graph(Fp16Network.rewrite(onnx, "half")));
  }

  @Test
  void tensorRtDoesNotTakeTheWholeNumbersOfProcessors() {
    Int8Network network = new Int8Network(onnx(Architecture.LITE), "lite");
    Map<String, Range> ranges = new LinkedHashMap<>();
    network.activations().forEach(value -> ranges.put(value, new Range(-1, 1)));
    GraphProto whole = graph(network.rewrite(network.layers(), ranges));
    Map<String, TensorProto> stored = new LinkedHashMap<>();
    whole.getInitializerList().forEach(tensor -> stored.put(tensor.getName(), tensor));
    // It wants signed activations around zero; processors are fastest with unsigned ones.
    assertThat(whole.getNodeList().stream().filter(n -> n.getOpType().equals("QuantizeLinear")))
        .isNotEmpty()
        .allMatch(node -> stored.get(node.getInput(2)).getDataType() == DataType.UINT8.getNumber());
  }

  private static void checkWhole(GraphProto graph) {
    Set<String> stored = new HashSet<>();
    for (TensorProto tensor : graph.getInitializerList()) {
      stored.add(tensor.getName());
      assertThat(DataType.forNumber(tensor.getDataType()))
          .as(tensor.getName())
          .isIn(DataType.FLOAT, DataType.FLOAT16, DataType.INT64);
    }
    Set<String> bytes = new HashSet<>();
    for (ValueInfoProto input : graph.getInputList()) {
      if (input.getType().getTensorType().getElemType() == DataType.UINT8.getNumber()) {
        bytes.add(input.getName());
      }
    }
    assertThat(bytes).containsExactly("faces");
    assertThat(KNOWN).containsAll(operators(graph));
    for (NodeProto node : graph.getNodeList()) {
      if (!node.getOpType().equals("Cast")) {
        assertThat(node.getInputList()).as(node.getName()).doesNotContainAnyElementsOf(bytes);
      }
      int from = STORED_FROM.getOrDefault(node.getOpType(), node.getInputCount());
      assertThat(stored)
          .as(node.getName())
          .containsAll(node.getInputList().subList(from, node.getInputCount()));
    }
    Set<String> outputs = new HashSet<>();
    graph.getOutputList().forEach(output -> outputs.add(output.getName()));
    assertThat(outputs).containsExactly("logits");
  }
}
