import Crema
import Prototxt
import Testing

/// A bottom that no earlier layer makes: the error says what was probably meant.
@Suite struct UnknownBottomTests {
  private func error(_ text: String, _ phase: Phase) throws -> Diagnostic {
    let parsed = try TextParser.parse(SourceText(name: "net.prototxt", text), as: CaffeSchema.net)
    return try #require(throws: Diagnostic.self) {
      try GraphBuilder.build(NetDefinition(parsed.message), state: NetState(phase: phase).message)
    }
  }

  private let input = "layer { name: 'd' type: 'Input' top: 'data' input_param { shape { dim: 1 dim: 2 } } }\n"

  @Test func aNameThatIsNear() throws {
    let error = try error(input + "layer { name: 'r' type: 'ReLU' bottom: 'dta' top: 'r' }", .test)
    #expect(error.suggestion == "data" && error.notes.isEmpty && error.location?.line == 2)
  }

  @Test func oneThatIsMadeLater() throws {
    let error = try error("layer { name: 'r' type: 'ReLU' bottom: 'data' top: 'r' }\n" + input, .test)
    #expect(
      error.notes.map(\.message) == ["layer 'd' makes 'data', but only later; layers run in the order of the file"])
    #expect(error.notes.first?.location?.line == 2)
  }

  @Test func oneThatOnlyAnotherPhaseMakes() throws {
    let text =
      input
      + "layer { name: 'l' type: 'DummyData' top: 'label' include { phase: TRAIN } dummy_data_param { shape { dim: 1 } } }\n"
      + "layer { name: 's' type: 'Eltwise' bottom: 'data' bottom: 'label' top: 's' }"
    let error = try error(text, .test)
    #expect(error.message.hasPrefix("Unknown bottom blob 'label' (layer 's', bottom index 1)"))
    #expect(error.notes.count == 1 && error.notes.first?.location?.line == 2)
    #expect(error.notes.first?.message.contains("layer 'l' makes 'label', but its rules") == true)
  }
}
