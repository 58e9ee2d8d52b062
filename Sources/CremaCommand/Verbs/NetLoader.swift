import Crema
import Prototxt

/// Builds the net of a file as Caffe's verbs do.
struct NetLoader {
  private let options: ModelOptions
  private let workers: Workers

  init(_ options: ModelOptions, workers: Workers) { (self.options, self.workers) = (options, workers) }

  /// The net in a phase, with warnings printed and the construction logged. Its layers are separated if it says `debug_info`.
  ///
  /// - Throws: everything that is wrong with the text, or the first thing that is wrong with the net.
  func net(_ path: String, phase: Phase, _ netOptions: Net.Options) throws -> Net {
    let console = Console.standard
    let definition = try NetDefinition(contentsOf: path, permissive: options.permissive, log: console.log)
    var building = GraphBuilder.Options()
    (building.environment, building.log) = (options.environment, console.log)
    let graph = try GraphBuilder.build(
      definition, state: options.state(of: definition.message, phase: phase), options: building)
    graph.warnings.forEach(console.report)
    return try Net(
      graph, random: RandomStream(), workers: workers, environment: building.environment,
      options: graph.debugInfo ? netOptions.separated : netOptions, log: console.log)
  }
}
