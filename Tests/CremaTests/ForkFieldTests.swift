import Crema
import Prototxt
import TestSupport
import Testing

@Suite struct ForkFieldTests {
  private func parse(_ text: String, _ type: MessageType = CaffeSchema.net) throws -> ParseResult {
    try TextParser.parse(SourceText(name: "f.prototxt", text), as: type)
  }

  @Test func allUnknownFieldsAtOnce() throws {
    let result = try parse(
      """
      name: "N"
      layerr { name: "a" }
      layer { name: "c" type: "Convolution" convolution_param { num_output: 4 kernel_sise: 3 } }
      layer { name: "p" type: "MultiBoxLoss" multibox_loss_param { neg_overlap: 0.5 } }
      layer { name: "n" type: "InnerProduct" kernel_size: 3 }
      default_forward_type: FLOAT16
      """)
    let list = try #require(throws: DiagnosticList.self) { try result.judge(permissive: false) }
    let errors = list.diagnostics
    #expect(errors.map { $0.location?.line } == [2, 3, 4, 5, 6])
    #expect(errors.map(\.severity) == [.error, .error, .error, .error, .warning])
    #expect(errors[0].suggestion == "layer")
    #expect(errors[1].suggestion == "kernel_size")
    #expect(errors[2].message.contains("the SSD branch"))
    #expect(errors[3].message.contains("it belongs in 'convolution_param'"))
    let warnings = try result.judge(permissive: true)
    #expect(warnings.map(\.severity) == Array(repeating: .warning, count: 5))
  }

  @Test(arguments: [
    ("permute_param { ordr: 0 }", "PermuteParameter has no field 'ordr'", "order"),
    ("permute_parm { order: 0 }", "LayerParameter has no field 'permute_parm'", "permute_param"),
    ("detection_output_param { nms_param { nms_treshold: 1 } }", "has no field 'nms_treshold'", "nms_threshold"),
  ])
  func mistakesInParametersOfForks(_ text: String, _ message: String, _ suggestion: String) throws {
    let result = try parse("layer { \(text) }")
    let list = try #require(throws: DiagnosticList.self) { try result.judge(permissive: false) }
    #expect(list.first.message.contains(message))
    #expect(list.first.suggestion == suggestion)
  }

  @Test(arguments: [
    ("permute_param { order: -1 }", "'order' cannot be negative, but is -1"),
    ("norm_param { across_spatial: 3 }", "'across_spatial' must be true or false, not 3"),
    ("detection_output_param { code_type: CENTRE_SIZE }", "'CENTRE_SIZE' is no value of 'code_type' (CodeType)"),
    ("interp_param { height: 3 height: 4 }", "'height' is given twice in InterpParameter"),
    ("psroi_pooling_param { output_dim: 3 group_size: 2 }", "PSROIPoolingParameter needs 'spatial_scale'"),
  ])
  func valuesOfParametersOfForks(_ text: String, _ message: String) throws {
    let list = try #require(throws: DiagnosticList.self) { try parse("layer { \(text) }") }
    #expect(list.first.message.contains(message), "\(list.first.message)")
  }

  @Test(arguments: [
    ("MultiBoxLoss", "type 'MultiBoxLoss' is not in BVLC's Caffe: it comes from the SSD branch"),
    ("Yolov3", "it comes from MobileNet-YOLO"), ("MultiBoxLos", "type 'MultiBoxLos' is unknown"),
  ])
  func typesThatAreNotSupported(_ type: String, _ part: String) throws {
    let error = #expect(throws: (any Error).self) {
      _ = try SmallNet.graph("layer { name: 'l' type: '\(type)' top: 'y' }")
    }
    #expect("\(String(describing: error))".contains(part))
  }

  @Test func netsOfForksAreRefusedByOneError() throws {
    let folder = try ScratchFolder(), path = folder.path + "/train.prototxt"
    try write(
      """
      layer { name: "d" type: "AnnotatedData" top: "data" top: "label" transform_param { resize_param { prob: 1 } }
        annotated_data_param { label_map_file: "x" } }
      layer { name: "l" type: "MultiBoxLoss" bottom: "data" bottom: "label" top: "loss" multibox_loss_param { neg_overlap: 0.5 } }
      """.utf8, to: path)
    let net = try NetDefinition(contentsOf: path)
    let error = try #require(throws: Diagnostic.self) {
      try GraphBuilder.build(net, state: NetState(phase: .train).message)
    }
    #expect(error.location?.line == 1)
    #expect(error.message.contains("layer 'd' (AnnotatedData): type 'AnnotatedData' is not in BVLC's Caffe"))
    #expect(error.message.contains("crema summary"))
    #expect(error.notes.map { $0.location?.line } == [3])
    let shown = try NetDefinition(contentsOf: path, sparingLayersOutside: .standard)
    #expect(shown.warnings.count == 3)
    var options = GraphBuilder.Options()
    options.acceptsOpaque = true
    #expect(try GraphBuilder.build(shown, state: NetState(phase: .train).message, options: options).nodes.count == 2)
  }

  @Test func parametersOfForksAreForTexts() throws {
    let text = "layer { name: \"p\" type: \"Permute\" permute_param { order: 0 order: 2 } }"
    let message = try parse(text).message
    let printed = TextPrinter.print(message)
    #expect(try TextPrinter.print(parse(printed).message) == printed)
    #expect(printed.contains("permute_param {\n    order: 0\n    order: 2\n  }"))
    let back = try Message(binary: message.binary(), as: CaffeSchema.net)
    #expect(back.messages("layer").map { $0.string("name") } == ["p"])
    #expect(!back.messages("layer")[0].has("permute_param"))
  }

  @Test func harmlessFieldsOnlyWarn() throws {
    let net = try parse("default_backward_math: FLOAT layer { name: \"a\" type: \"ReLU\" forward_math: FLOAT16 }")
    #expect(try net.judge(permissive: false).map(\.severity) == [.warning, .warning])
    let solver = try parse("eval_type: \"detection\" ap_version: \"11point\"", CaffeSchema.solver)
    #expect(try solver.judge(permissive: false).count == 2)
  }

  @Test(arguments: [
    ("warmup_iter: 5", "Intel's Caffe"), ("larc: true", "NVIDIA's Caffe"), ("max_epoch: 3", "max_iter"),
  ])
  func fieldsOfForksAreNamed(_ text: String, _ words: String) throws {
    let result = try parse(text, CaffeSchema.solver)
    let list = try #require(throws: DiagnosticList.self) { try result.judge(permissive: false) }
    #expect(list.first.message.contains(words))
    #expect(list.first.suggestion == nil)
  }

  @Test(arguments: [("false", "FLOOR"), ("true", "CEIL"), ("0", "FLOOR")], ["layer", "layers"])
  func ceilModeIsRoundMode(_ mode: (String, String), _ kind: String) throws {
    let type = kind == "layer" ? "\"Pooling\"" : "POOLING"
    let result = try parse(
      "\(kind) { name: \"p\" type: \(type) pooling_param { kernel_size: 3 ceil_mode: \(mode.0) } }")
    #expect(try result.judge(permissive: false).isEmpty)
    let net = try Upgrade.net(result.message, file: "f.prototxt")
    let pooling = try #require(net.messages("layer").first).message("pooling_param")
    #expect(pooling.enumeration("round_mode") == mode.1)
    #expect(pooling.fields.count == 2)
    #expect(pooling.location(of: "round_mode")?.line == 1)
  }

  @Test func ceilModeMustMakeSense() throws {
    let both = try parse("layer { type: \"Pooling\" pooling_param { round_mode: CEIL ceil_mode: false } }")
    let error = try #require(throws: Diagnostic.self) { try Upgrade.net(both.message, file: "f") }
    #expect(error.message.contains("contradicts round_mode: CEIL"))
    let odd = try parse("layer { type: \"Pooling\" pooling_param { ceil_mode: 7 } }")
    let list = try #require(throws: DiagnosticList.self) { try odd.judge(permissive: false) }
    #expect(list.first.message.contains("must be true or false"))
  }

  @Test func enginesOfForksAreTaken() throws {
    for engine in ["MKL2017", "MKLDNN"] {
      let result = try parse("layer { type: \"ReLU\" relu_param { engine: \(engine) } }")
      #expect(try result.judge(permissive: false).isEmpty)
      let back = try Message(binary: result.message.binary(), as: CaffeSchema.net)
      #expect(back.messages("layer")[0].message("relu_param").enumeration("engine") == engine)
    }
  }

  @Test(arguments: [
    ("text_unknown_field", "ConvolutionParameter has no field 'kernel_sise'", "kernel_size"),
    ("text_unknown_field_at_the_top", "NetParameter has no field 'layerr'", "layer"),
  ])
  func recordedMistakes(_ name: String, _ message: String, _ suggestion: String) throws {
    let list = try #require(throws: DiagnosticList.self) {
      try NetDefinition(contentsOf: FixtureFolder.path("bad/\(name)/net.prototxt"))
    }
    #expect(list.diagnostics.count == 1)
    #expect(list.first.message == message)
    #expect(list.first.suggestion == suggestion)
  }
}
