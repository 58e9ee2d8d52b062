import Foundation

/// The results of a run, as a table, as Markdown or as JSON.
struct BenchReport: Encodable {
  var machine: BenchMachine
  var rows: [BenchRow]
  let method: String

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
  }

  private var hasPeers: Bool { rows.contains { !$0.peers.isEmpty } }

  private var heads: [(name: String, alignment: Table.Alignment)] {
    let own: [(String, Table.Alignment)] = [
      ("workload", .left), ("ms", .right), ("median", .right), ("GFLOP/s", .right), ("of peak", .right),
      ("anon MB", .right), ("file MB", .right),
    ]
    let peers: [(String, Table.Alignment)] = [
      ("best peer", .left), ("ms", .right), ("anon MB", .right), ("file MB", .right), ("ratio", .right),
    ]
    return own + (hasPeers ? peers : []) + [("", .left)]
  }

  private func cells(_ row: BenchRow, title: String) -> [String] {
    var cells = [title]
    if let crema = row.crema {
      let peak = machine.peak * Double(row.threads) / Double(machine.threads), counts = crema.operations > 0
      cells += [
        Self.number(crema.fastest), Self.number(crema.median), counts ? Self.whole(crema.rate / 1e9) : "",
        counts ? "\(Self.whole(100 * crema.rate / peak)) %" : "",
        crema.anonymous > 0 ? Self.whole(Double(crema.anonymous) / 1048576) : "",
        crema.mapped > 0 ? Self.whole(Double(crema.mapped) / 1048576) : "",
      ]
    } else {
      cells += ["failed", "", "", "", "", ""]
    }
    if hasPeers {
      if let best = row.best {
        cells += [
          best.name, Self.number(best.measurement.fastest), Self.whole(Double(best.measurement.anonymous) / 1048576),
          Self.whole(Double(best.measurement.mapped) / 1048576), row.ratio.map { "\(Self.number($0)) x" } ?? "",
        ]
      } else {
        cells += ["", "", "", "", ""]
      }
    }
    return cells + [(row.crema?.figures ?? []).map(Self.text).joined(separator: ", ")]
  }

  private var head: String {
    let peers = machine.peers.sorted { $0.key < $1.key }.map { "\($0) \($1)" }.joined(separator: ", ")
    return "\(machine.date), \(machine.processor); \(machine.threads) threads, \(machine.instructions) kernels, engine "
      + "\(machine.engine), OpenBLAS \(machine.blas); FMA peak \(Self.whole(machine.peak / 1e9)) GFLOP/s, memory "
      + "\(Self.whole(machine.bandwidth / 1e9)) GB/s" + (peers.isEmpty ? "" : "; \(peers)")
  }

  /// The aligned table with everything around it.
  var text: String {
    var table = Table(heads)
    for row in rows { table.add(cells(row, title: row.title)) }
    let scaling = BenchScaling(rows).lines.map { "\($0)\n" }.joined()
    return "\(head)\n\n\(table.text)" + (scaling.isEmpty ? "" : "\n\(scaling)") + "\n\(method)\n"
  }

  /// The same for a README.
  var markdown: String {
    func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |\n" }
    let rules = heads.map { $0.alignment == .left ? "---" : "---:" }
    var text = "\(head).\n\n" + line(heads.map(\.name)) + line(rules)
    for row in rows { text += line(cells(row, title: row.title)) }
    let scaling = BenchScaling(rows).lines.map { "- \($0)\n" }.joined()
    return text + (scaling.isEmpty ? "" : "\n\(scaling)") + "\n\(method)\n"
  }

  private static func text(_ figure: Measurement.Figure) -> String {
    "\(figure.name) \(number(figure.value)) \(figure.unit)"
  }

  /// A whole number.
  static func whole(_ value: Double) -> String { value.isFinite ? String(Int(value.rounded())) : "-" }

  /// Three significant digits where there is a fraction.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return "-" }
    let digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
    return String(format: "%.\(digits)f", value)
  }
}

/// What the rows of AMTENnet's step say of each other.
struct BenchScaling {
  private let rows: [String: Measurement]

  init(_ rows: [BenchRow]) {
    self.rows = Dictionary(rows.compactMap { row in row.crema.map { (row.name, $0) } }) { $1 }
  }

  /// One line for each comparison whose rows are there.
  var lines: [String] {
    var lines: [String] = []
    let name = "amtennet-step"
    if let base = rows[name] {
      let perImage = [16, 32, 128, 256].compactMap { batch in
        rows["\(name)-batch-\(batch)"].map { "\(batch): \(factor($0.fastest / Double(batch), base.fastest / 64))" }
      }
      if !perImage.isEmpty {
        lines.append("time per image against batch 64, by batch: \(perImage.joined(separator: ", "))")
      }
      let perPixel = [(16, 256, 4.0), (4, 512, 16.0)].compactMap { batch, side, area in
        rows["\(name)-batch-\(batch)-\(side)x\(side)"].map {
          "\(side)x\(side): \(factor($0.fastest / Double(batch) / area, base.fastest / 64))"
        }
      }
      if !perPixel.isEmpty { lines.append("time per pixel against 128x128: \(perPixel.joined(separator: ", "))") }
    }
    let threads = [("", 64), ("-batch-16", 16)].compactMap { suffix, batch -> String? in
      guard let two = rows[name + suffix], let one = rows[name + suffix + "-1-thread"] else { return nil }
      return "batch \(batch): \(factor(one.fastest, two.fastest))"
    }
    if !threads.isEmpty { lines.append("1 thread against all: \(threads.joined(separator: ", "))") }
    return lines
  }

  private func factor(_ a: Double, _ b: Double) -> String { "\(BenchReport.number(a / b)) x" }
}
