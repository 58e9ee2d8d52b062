import Crema
import CremaCommand
import Prototxt
import Testing

@Suite struct OutputTests {
  @Test func logLinesHaveTheFormOfGlog() {
    let time = LocalTime(year: 2026, month: 3, day: 4, hour: 5, minute: 6, second: 7, microsecond: 89)
    var entries: [Log.Entry] = []
    withLog { log in
      log.info("solver.cpp", 239, "Iteration 0, loss = 1")
      log.add(.error, "net.cpp", 721, "two\nlines")
    } into: {
      entries.append($0)
    }
    let lines = entries.map { GlogLine.text($0, at: time, thread: 321) }
    #expect(
      lines == [
        "I0304 05:06:07.000089   321 solver.cpp:239] Iteration 0, loss = 1\n",
        "E0304 05:06:07.000089   321 net.cpp:721] two\nlines\n",
      ])
    #expect(GlogLine.text(entries[0], at: time, thread: 1_234_567).contains(" 1234567 solver.cpp"))
  }

  private func withLog(_ body: (Log) -> Void, into add: (Log.Entry) -> Void) {
    let box = EntryBox()
    body(Log { box.add($0) })
    box.all.forEach(add)
  }

  @Test func settingsComeFromGlogsNames() {
    let values = ["log_dir": "logs", "minloglevel": "2", "logtostderr": "true", "alsologtostderr": "0"]
    var expected = LogSettings { _ in nil }
    #expect(expected.folder == nil && expected.fewest == 0 && !expected.onlyTerminal && expected.alsoTerminal)
    (expected.folder, expected.fewest, expected.onlyTerminal, expected.alsoTerminal) = ("logs", 2, true, false)
    #expect(LogSettings { values[$0] } == expected)
  }

  @Test func tablesAreAligned() {
    var table = Table([("layer", .left), ("count", .right), ("", .left)])
    table.add(["conv1", "1,200", "ok"])
    table.add(["a", "7", ""])
    table.addRule()
    table.add(["2 layers", "1,207", ""])
    #expect(
      table.text == """
        layer     count
        --------  -----  --
        conv1     1,200  ok
        a             7
        --------  -----  --
        2 layers  1,207

        """)
  }

  @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-12_345, "-12,345")])
  func numbersAreGrouped(_ number: Int, _ text: String) { #expect(number.grouped == text) }

  @Test func progressTellsPaceAndTimeLeft() {
    let start = ContinuousClock.now
    var line = ProgressLine(start: start)
    _ = line.text(iteration: 11, of: 1000, loss: 1, rate: 0.01, now: start + .seconds(1))
    let text = line.text(iteration: 20, of: 1000, loss: 0.53178, rate: 0.00001, now: start + .seconds(4))
    #expect(text == "Iteration 20/1000  2.5 it/s  6 min 32 s left  loss 0.532  lr 1e-05")
  }

  @Test func coloursSurroundWhatIsPrintedWithoutThem() {
    let text = SourceText(name: "net.prototxt", "layer { type: \"Relu\" }\n")
    let error = Diagnostic(
      "type 'Relu' is unknown", at: SourceLocation(source: text, line: 1, column: 15),
      notes: [Diagnostic("a note", severity: .note)], suggestion: "ReLU")
    let coloured = Style.text(error, colours: true)
    var plain = ""
    var isCode = false
    for character in coloured {
      if character == "\u{1B}" { isCode = true }
      if !isCode { plain.append(character) }
      if isCode, character == "m" { isCode = false }
    }
    #expect(plain == Style.text(error, colours: false))
    #expect(coloured != plain)
    #expect(plain.hasPrefix("net.prototxt:1:15: error: type 'Relu' is unknown; did you mean 'ReLU'?\n"))
  }
}
