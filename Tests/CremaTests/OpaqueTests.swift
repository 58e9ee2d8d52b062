import Crema
import Prototxt
import TestSupport
import Testing

/// Layers that cannot be computed here: nodes without shapes for those who only look, an error for those who run.
@Suite struct OpaqueTests {
  private static let text = """
    layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
    layer { name: "inplace" type: "Odd" bottom: "x" top: "x" }
    layer { name: "known" type: "InnerProduct" bottom: "x" top: "h" inner_product_param { num_output: 4 } }
    layer { name: "strange" type: "Relu" bottom: "h" top: "s" strange_param { a: 1 } relu_param { b: 2 } }
    layer { name: "after" type: "InnerProduct" bottom: "s" top: "y" inner_product_param { num_output: 5 } }
    layer { name: "python" type: "Python" bottom: "x" top: "p" python_param { module: "m" layer: "L" } }
    """

  private func graph(_ acceptsOpaque: Bool, _ text: String = text) throws -> Graph {
    let scratch = try ScratchFolder()
    try write(Array(text.utf8), to: scratch("net.prototxt"))
    var options = GraphBuilder.Options()
    options.acceptsOpaque = acceptsOpaque
    let definition = try NetDefinition(
      contentsOf: scratch("net.prototxt"), sparingLayersOutside: acceptsOpaque ? options.catalog : nil)
    return try GraphBuilder.build(definition, state: NetState().message, options: options)
  }

  @Test func areShown() throws {
    let graph = try graph(true)
    let opaque = ["inplace", "strange", "after", "python"]
    #expect(graph.nodes.filter(\.isOpaque).map(\.name) == opaque)
    let known = ["h": true, "s": false, "x": true, "y": false, "p": false]
    for (name, isKnown) in known { #expect(graph.values[try #require(graph.value(name))].isKnown == isKnown) }
    #expect(graph.parameters.map(\.shape) == [[4, 3], [4]])
    let messages = graph.warnings.map(\.description)
    #expect(messages.count == 5, "\(messages)")
    for part in [
      "'strange_param'", "has no field 'b'", "layer 'strange' (Relu): type 'Relu' is unknown", "did you mean 'ReLU'",
      "layer 'inplace' (Odd): type 'Odd' is unknown", "layer 'python' (Python): computes by 'm.L' in Python",
    ] { #expect(messages.contains { $0.contains(part) }, "\(part): \(messages)") }
  }

  @Test func areErrorsForWhoeverRuns() throws {
    let fields = #expect(throws: DiagnosticList.self) { try graph(false) }
    #expect(fields?.diagnostics.count == 2)
    let python = #expect(throws: Diagnostic.self) {
      try graph(
        false,
        """
        layer { name: "python" type: "Python" top: "p" python_param { module: "m" layer: "L" } }
        """)
    }
    #expect(python?.message.contains("layer 'python' (Python): computes by 'm.L', a class in Python") == true)
    #expect(throws: Diagnostic.self) {
      try graph(false, "layer { name: \"python\" type: \"Python\" top: \"p\" python_param { module: \"m\" } }")
    }
  }

  @Test func otherUnknownFieldsStayErrors() {
    #expect(throws: DiagnosticList.self) {
      try graph(true, Self.text.replacing("num_output: 4 }", with: "num_output: 4 kernel: 3 }"))
    }
  }
}
