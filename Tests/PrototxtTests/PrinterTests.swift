import Prototxt
import Testing

@Suite struct PrinterTests {
  @Test func caffesOwnUpgradeOutputIsReproduced() throws {
    for name in ["current_text_syntax", "current_up_to_date"] {
      let message = try parse(fixture("upgrade/\(name).prototxt"))
      #expect(TextPrinter.print(message) == (try fixture("upgrade/\(name).upgraded.prototxt")), "\(name)")
    }
  }
}
