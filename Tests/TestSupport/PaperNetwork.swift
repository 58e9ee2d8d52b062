import Crema
import Prototxt

/// One of the networks in `prototxt`.
package struct PaperNetwork: Sendable {
  /// The folder.
  package let folder: String

  package init(_ folder: String) { self.folder = folder }

  /// The path of one of its files: `deploy`, `train_val` or `solver`.
  package func path(_ file: String) -> String { ProjectFolder.path("prototxt/\(folder)/\(file).prototxt") }

  /// The definition in a file.
  package func definition(_ file: String) throws -> NetDefinition { try NetDefinition(contentsOf: path(file)) }

  /// The graph of `deploy`, perhaps with changes.
  package func deployed(_ change: (inout Message) -> Void = { _ in }) throws -> Graph {
    var message = try definition("deploy").message
    change(&message)
    return try GraphBuilder.build(NetDefinition(message), state: NetState().message)
  }

  /// The graph of `train_val` in a phase, for two images.
  package func trained(_ phase: Phase) throws -> Graph {
    let state = NetState(phase: phase).message
    let definition = try ReplaceSources.apply(definition("train_val"), state: state, catalog: .standard) { _ in
      [[2, 3, 128, 128], [2]]
    }
    return try GraphBuilder.build(definition, state: state)
  }
}

extension Graph {
  /// How many numbers solvers change: without statistics.
  package var learnableCount: Int {
    nodes.reduce(0) { total, node in
      total
        + zip(node.plan.weights, node.weights).reduce(0) {
          $0 + ($1.0.isStatistic || $1.1.isShared ? 0 : $1.0.shape.count)
        }
    }
  }

  /// How many numbers all parameters hold, BatchNorm's statistics included.
  package var parameterCount: Int { parameters.reduce(0) { $0 + $1.shape.count } }

  /// Multiply-adds of one forward pass.
  package var multiplyAdds: Int { nodes.reduce(0) { $0 + $1.plan.multiplyAdds } }
}
