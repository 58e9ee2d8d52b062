/// How many images of each class each database has.
struct DatasetTable {
  private var table: Table

  init(_ classes: [String]) {
    table = Table([("database", .left)] + classes.map { ($0, .right) } + [("all", .right), ("images/s", .right)])
  }

  mutating func add(_ name: String, _ counts: [Int], rate: Double) {
    table.add([name] + counts.map(\.grouped) + [counts.reduce(0, +).grouped, ProgressLine.short(rate)])
  }

  var text: String { table.text }
}
