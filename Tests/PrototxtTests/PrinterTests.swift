import Prototxt
import Testing

@Suite struct PrinterTests {
  static let plain = ["current_text_syntax", "current_up_to_date"]
  static let nets = [
    "net.prototxt", "logged/train_net.prototxt", "logged/test_net.prototxt", "upgrade/current_text_syntax.prototxt",
    "upgrade/v0_every_type.prototxt", "upgrade/v0_every_type.upgraded.prototxt", "upgrade/v1_every_type.prototxt",
    "upgrade/v1_every_type.upgraded.prototxt", "upgrade/v1_params.prototxt", "upgrade/v1_params.upgraded.prototxt",
  ]
  static let solvers = ["solver.prototxt", "logged/solver.prototxt", "upgrade/solver_up_to_date.prototxt"]

  @Test(arguments: plain) func caffesUpgradeToolPrintsTheSame(_ name: String) throws {
    let message = try parse(fixture("upgrade/\(name).prototxt"))
    #expect(TextPrinter.print(message) == (try fixture("upgrade/\(name).upgraded.prototxt")))
  }

  @Test(arguments: ["train_net", "test_net", "solver"]) func caffesLogPrintsTheSame(_ name: String) throws {
    let logged = try fixture("logged/\(name).prototxt")
    #expect(TextPrinter.print(try parse(logged, as: name == "solver" ? Caffe.solver : Caffe.net)) == logged)
  }

  @Test func loggedLayersComeFromTheNetAsWritten() throws {
    let logged = try parse(fixture("logged/train_net.prototxt")).messages("layer").map(TextPrinter.print)
    let written = try parse(fixture("net.prototxt")).messages("layer").map(TextPrinter.print)
    #expect(logged.count > 5)
    #expect(logged.filter { !written.contains($0) }.allSatisfy { $0.contains("BatchNorm") })
  }

  @Test func loggedSolverIsTheOneAsWrittenWithCaffesAdditions() throws {
    var solver = try parse(fixture("solver.prototxt"), as: Caffe.solver)
    var state = solver.message("train_state")
    state.set("level", 0)
    state.append("stage", "")
    solver.set("train_state", state)
    #expect(TextPrinter.print(solver) == (try fixture("logged/solver.prototxt")))
  }

  @Test(arguments: nets) func netsReadBackTheSame(_ name: String) throws {
    try expectRoundTrip(fixture(name), Caffe.net)
  }

  @Test(arguments: solvers) func solversReadBackTheSame(_ name: String) throws {
    try expectRoundTrip(fixture(name), Caffe.solver)
  }

  private func expectRoundTrip(_ text: String, _ type: MessageType) throws {
    let message = try parse(text, as: type)
    let printed = TextPrinter.print(message)
    #expect(!printed.isEmpty)
    #expect(TextPrinter.print(try parse(printed, as: type)) == printed)
    #expect(TextPrinter.print(try Message(binary: message.binary(), as: type)) == printed)
  }

  @Test func floatsHaveSixOrNineDigits() {
    let table: [(Float, String)] = [
      (0, "0"), (-0.0, "-0"), (1, "1"), (-1, "-1"), (0.1, "0.1"), (1e-8, "1e-08"), (0.00048828125, "0.00048828125"),
      (0.123456789, "0.123456791"), (100000, "100000"), (999_999, "999999"), (1e6, "1e+06"), (16_777_216, "16777216"),
      (-2_147_483_648, "-2.14748365e+09"), (1.5e20, "1.5e+20"), (.greatestFiniteMagnitude, "3.40282347e+38"),
      (.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan"), (.leastNonzeroMagnitude, "1.4013e-45"),
    ]
    for (number, text) in table { #expect(NumberText.text(number) == text) }
    #expect(NumberText.text(0.1 as Double) == "0.1")
    #expect(NumberText.text(1.0 / 3 as Double) == "0.33333333333333331")
    for bits in stride(from: UInt32(1), to: 0x7F80_0000, by: 104_729) {
      let number = Float(bitPattern: bits)
      #expect(Double(NumberText.text(number)).map { Float($0) } == number)
    }
  }

  @Test func unknownFieldsArePrintedLast() throws {
    let message = try parse("colour: RED weights { w: -1.5 } name: \"n\" more: \"a\\\"b\"")
    #expect(
      TextPrinter.print(message) == """
        name: "n"
        colour: RED
        weights {
          w: -1.5
        }
        more: "a\\"b"

        """)
  }
}
