import Crema
import Foundation
import Prototxt

/// Nets of prototxt texts or files, for tests of what surrounds them.
package enum SmallNet {
  /// The graph of a text in phase TEST.
  package static func graph(_ text: String, name: String = "net.prototxt") throws -> Graph {
    let result = try TextParser.parse(SourceText(name: name, text), as: CaffeSchema.net)
    let definition = NetDefinition(try Upgrade.net(result.message, file: name))
    return try GraphBuilder.build(definition, state: NetState().message)
  }

  /// The net of a text in phase TEST, with fillers' values.
  package static func net(_ text: String, name: String = "net.prototxt") throws -> Net {
    try Net(graph(text, name: name), random: RandomStream(seed: 1701), workers: Workers(count: 1))
  }

  /// The net of a file of the fixtures, without its LRN layers, which have no weights.
  package static func net(fixture: String) throws -> Net { try net(text(fixture: fixture), name: fixture) }

  /// The text of a file of the fixtures, in which LRN layers are layers of type Power, which do nothing.
  package static func text(fixture: String) throws -> String {
    try String(contentsOfFile: FixtureFolder.path(fixture), encoding: .utf8)
      .replacingOccurrences(of: "type: \"LRN\"", with: "type: \"Power\"")
      .replacingOccurrences(of: "type: LRN", with: "type: POWER")
      .replacingOccurrences(of: "type: \"lrn\"", with: "type: \"sigmoid\"")
  }

  /// Every weight of a net: layer, index, shape and bits.
  package static func weights(of net: Net) -> [String] {
    net.graph.nodes.flatMap { node in
      (net.weights(of: node.name) ?? []).enumerated().map { index, blob in
        "\(node.name)/\(index) \(blob.shape) \(blob.data.values.map(\.bitPattern))"
      }
    }
  }
}
