import Crema
import Prototxt
import Scenes

/// How often a trained net was right on scenes whose kind is known.
struct DemoScores {
  /// By kind: scenes, and those of them that were told right.
  private(set) var kinds: [Kind: (total: Int, right: Int)] = [:]
  /// By true label, then by predicted label.
  private(set) var confusion = [[0, 0], [0, 0]]

  /// Runs a net of phase TEST over the first `count` records of its database, which are the scenes of `generator` in order.
  init(_ net: Net, scores: String, batch: Int, count: Int, generator: SceneGenerator) throws {
    guard let blob = net.blob(scores) else { throw Diagnostic("the net has no blob '\(scores)'") }
    let classes = blob.shape.count(from: 1)
    for start in stride(from: 0, to: count, by: batch) {
      try net.forward()
      let values = blob.data.values
      for image in 0..<min(batch, count - start) {
        let row = values[image * classes..<(image + 1) * classes]
        let predicted = row.firstIndex(of: row.max() ?? 0).map { $0 - row.startIndex } ?? 0
        let kind = generator.kind(start + image), label = kind == .untouched ? 0 : 1
        let isRight = predicted == label
        let before = kinds[kind, default: (0, 0)]
        kinds[kind] = (before.total + 1, before.right + (isRight ? 1 : 0))
        confusion[label][min(predicted, 1)] += 1
      }
    }
  }

  /// The share of scenes told right.
  var accuracy: Double {
    let total = kinds.values.reduce(0) { $0 + $1.total }, right = kinds.values.reduce(0) { $0 + $1.right }
    return total == 0 ? 0 : Double(right) / Double(total)
  }

  /// Whether the demo's promise is kept: 90 % in all, and 80 % of each kind.
  var keepsPromise: Bool {
    accuracy >= 0.9 && kinds.values.allSatisfy { Double($0.right) >= 0.8 * Double($0.total) }
  }

  /// A table by kind, and the confusion matrix in percent of each true class.
  var text: String {
    var lines = ["scenes never seen in training      scenes   right"]
    for kind in Kind.allCases {
      guard let (total, right) = kinds[kind] else { continue }
      lines.append(
        "  " + kind.rawValue.padded(to: 30) + String(total).padded(leftTo: 9) + percent(right, total).padded(leftTo: 8))
    }
    let total = kinds.values.reduce(0) { $0 + $1.total }, right = kinds.values.reduce(0) { $0 + $1.right }
    lines.append(
      "  " + "all".padded(to: 30) + String(total).padded(leftTo: 9) + percent(right, total).padded(leftTo: 8))
    lines += ["", "confusion matrix (rows: true)      untouched   manipulated"]
    for (name, row) in zip(["untouched", "manipulated"], confusion) {
      let all = row.reduce(0, +)
      lines.append(
        "  " + name.padded(to: 30) + percent(row[0], all).padded(leftTo: 12) + percent(row[1], all).padded(leftTo: 14))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func percent(_ part: Int, _ whole: Int) -> String {
    guard whole > 0 else { return "-" }
    let tenths = (part * 1000 + whole / 2) / whole
    return "\(tenths / 10).\(tenths % 10) %"
  }
}

extension String {
  /// With blanks behind, up to a width.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
  /// With blanks in front, up to a width.
  func padded(leftTo width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
