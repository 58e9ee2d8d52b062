import Prototxt

/// What loading weights did: for each layer of the net and of the files, whether it got or gave weights.
public struct LoadReport: Sendable, CustomStringConvertible {
  /// What became of a layer.
  public enum Outcome: String, Sendable {
    /// Weights of the file are in the net.
    case copied
    /// The net has weights there that no file has: they keep what their fillers gave.
    case notFound = "not found"
    /// The file has weights there that the net has not.
    case ignored
  }

  /// One layer.
  public struct Layer: Sendable {
    /// The name.
    public let name: String
    /// The type in the net, or else in the file if it says it.
    public let type: String
    /// What became of it.
    public internal(set) var outcome: Outcome
    /// The number of blobs, in the net or else in the file.
    public let blobs: Int
    /// The number of parameters in them.
    public let parameters: Int
    /// What may have been meant.
    public internal(set) var hint = ""
  }

  /// The files, in the order of loading.
  public internal(set) var files: [String]
  /// The net's layers that have weights, in the order of the net, then the ignored ones in the order of the files.
  public internal(set) var layers: [Layer]
  /// The number of parameters of the net, shared ones once.
  public internal(set) var parameters: Int
  /// How many of them came from the files.
  public internal(set) var copiedParameters: Int

  /// The layers of one outcome.
  public func layers(_ outcome: Outcome) -> [Layer] { layers.filter { $0.outcome == outcome } }

  /// Whether every weight of the net came from the files.
  public var isComplete: Bool { !layers.contains { $0.outcome == .notFound } }

  /// A line that sums up, and a table of the layers that were not copied, or of all.
  public var description: String { text(all: true) }

  /// A line that sums up: files, layers, parameters, and their share.
  public var summary: String {
    let wanted = layers.count { $0.outcome != .ignored }, got = layers(.copied).count, ignored = layers(.ignored).count
    let share = parameters == 0 ? 100 : 100 * Double(copiedParameters) / Double(parameters)
    var line =
      "\(files.joined(separator: ", ")): weights for \(got) of \(wanted) layers, \(grouped(copiedParameters)) of "
    line += "\(grouped(parameters)) parameters (\(NumberText.format(share, digits: 3)) %)"
    return ignored == 0 ? line : line + ", \(ignored) ignored"
  }

  /// The summary and an aligned table.
  ///
  /// - Parameter all: false leaves out what was copied.
  public func text(all: Bool) -> String {
    let shown = layers.filter { all || $0.outcome != .copied }
    let rows = shown.map { layer in
      [
        layer.outcome.rawValue, layer.name, layer.type, "\(layer.blobs) \(layer.blobs == 1 ? "blob" : "blobs")",
        grouped(layer.parameters), layer.hint,
      ]
    }
    let widths = (0..<6).map { column in rows.map { $0[column].count }.max() ?? 0 }
    let numbers = 3...4
    let lines = rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let blank = String(repeating: " ", count: widths[column] - cell.count)
        return numbers.contains(column) ? blank + cell : cell + blank
      }
      return "  " + cells.joined(separator: "  ").trimmingEnd()
    }
    return ([summary] + lines).joined(separator: "\n")
  }
}

/// A number with blanks between groups of three digits.
func grouped(_ number: Int) -> String {
  var text = ""
  for (index, digit) in String(number).reversed().enumerated() {
    if index > 0, index.isMultiple(of: 3), digit != "-" { text.append(" ") }
    text.append(digit)
  }
  return String(text.reversed())
}

extension String {
  fileprivate func trimmingEnd() -> String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
