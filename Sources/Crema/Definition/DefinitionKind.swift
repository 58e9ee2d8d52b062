import Prototxt

/// What a prototxt file is, as the names of its outermost fields say.
package enum DefinitionKind: String, Sendable {
  case net = "a net"
  case solver = "a solver"
  case labelMap = "a label map (names of classes)"

  /// Nil if the names say nothing.
  package init?(_ result: ParseResult) {
    let names = Set(result.message.fields.map(\.name) + result.unknown.filter { $0.path == $0.name }.map(\.name))
    if !names.isDisjoint(with: ["layer", "layers", "input"]) {
      self = .net
    } else if !names.isDisjoint(with: Self.solverFields) {
      self = .solver
    } else if names.contains("item") {
      self = .labelMap
    } else {
      return nil
    }
  }

  private static let solverFields: Set<String> = [
    "net", "net_param", "train_net", "train_net_param", "test_net", "test_net_param", "base_lr", "max_iter",
    "lr_policy",
  ]
}

extension ParseResult {
  /// Throws one error if the file is another kind of definition than is wanted.
  func check(is wanted: DefinitionKind) throws(DiagnosticList) {
    guard let kind = DefinitionKind(self), kind != wanted else { return }
    var text = "this is \(kind.rawValue), and \(wanted.rawValue) is wanted"
    if wanted == .solver { text += ": a file that names a net (net: \"FILE\") and says how it is trained" }
    if wanted == .net,
      case .string(let file)? = unknown.first(where: { ["net", "train_net"].contains($0.path) })?.value
    {
      text += ": give the one that it names, '\(file)'"
    }
    throw DiagnosticList([Diagnostic(text, at: unknown.first?.location ?? message.location)])
  }
}
