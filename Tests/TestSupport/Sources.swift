import Crema
import Prototxt

/// A data layer of a net's text, opened alone: the first of its net that draws from the stream of the seed 1701.
package final class OpenSource {
  package private(set) var shapes: [Shape]
  package let source: any InputSource
  package private(set) var tops: [Tensor]
  /// The stream, as the layer left it.
  package let random = RandomStream(seed: 1701)

  package init(
    _ message: Message, phase: Phase, environment: InputEnvironment, log: Log = .silent
  ) throws(Diagnostic) {
    guard let layer = LayerCatalog.standard[message.string("type")] as? any SourceLayer.Type else {
      throw Diagnostic("'\(message.string("type"))' is no source")
    }
    let opened = try layer.init(Fields(message, phase: phase))
    shapes = try opened.probe(environment, log: log)
    source = try opened.open(environment, shapes: shapes, random: random, log: log)
    tops = shapes.map { Tensor($0) }
  }

  /// The values of the tops in the next batch.
  package func next() throws(Diagnostic) -> [[Float]] {
    if let changed = try source.shapes(), Array(changed.prefix(shapes.count)) != shapes {
      shapes = Array(changed.prefix(shapes.count))
      tops = shapes.map { Tensor($0) }
    }
    _ = try source.next(into: tops)
    return tops.map(\.values)
  }
}
