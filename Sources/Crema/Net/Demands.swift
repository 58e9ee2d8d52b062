/// Which blobs hold what was computed, after a forward pass of a net that has an engine. An engine keeps other values to itself,
/// or does not compute them at all.
public enum Watched: Sendable, Equatable {
  /// The net's outputs: the blobs that no layer reads.
  case outputs
  /// Every blob.
  case all
  /// The outputs, and the blobs of these names.
  case blobs(Set<String>)
}

/// What the steps of a schedule must leave behind, whoever makes them.
package struct Demands {
  /// The values whose data is read after a pass, aliases' sources included. Other values need not be written.
  package let watched: Set<Int>
  /// Whether the gradient of every value is read after a pass.
  package let keepsGradients: Bool
  /// The names of passes over the graph that are left out.
  package let disabledPasses: Set<String>

  /// What a net with these options asks for.
  package init(_ graph: Graph, _ options: Net.Options) {
    (keepsGradients, disabledPasses) = (options.keepsGradients, options.disabledPasses)
    var watched = Set(graph.outputs)
    switch options.watched {
    case .outputs where options.keepsGradients || options.separatesLayers || options.engine == nil:
      watched = Set(graph.values.indices)
    case .outputs: break
    case .all: watched = Set(graph.values.indices)
    case .blobs(let names): watched.formUnion(graph.values.indices.filter { names.contains(graph.values[$0].name) })
    }
    for node in graph.nodes {
      watched.formUnion(zip(node.tops, node.lossWeights).filter { $0.1 != 0 }.map(\.0))
    }
    for node in graph.nodes.reversed() where node.plan.aliases && !watched.isDisjoint(with: node.tops) {
      watched.formUnion(node.bottoms)
    }
    self.watched = watched
  }
}

extension Net.Options {
  /// The names of all passes that can be left out.
  public static var passes: [String] {
    ChainPass.all.map(\.name) + [SharedMemory.name, NormOperator.name, SharedGradients.name]
  }
}
