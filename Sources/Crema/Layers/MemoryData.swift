import Prototxt

/// Images and labels that a program gives: see `Net.feed`.
///
/// - tops: the images, batch x channels x height x width; and the labels, batch, which are batch x 1 x 1 x 1 from the first batch on.
package struct MemoryData: SourceLayer {
  package static let type = "MemoryData"
  package static let arity = Arity(bottoms: 0...0, tops: 2...2)

  private let shape: Shape
  private let settings: TransformSettings
  private let transforms: Bool

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("memory_data_param")
    var axes: [Int] = []
    for field in ["batch_size", "channels", "height", "width"] {
      guard parameters.int(field) > 0 else {
        throw parameters.error(
          field,
          "batch_size, channels, height and width must be specified and positive in memory_data_param; \(field) is "
            + "\(parameters.int(field))")
      }
      axes.append(parameters.int(field))
    }
    shape = Shape(axes)
    transforms = fields.message.has("transform_param")
    settings = try TransformSettings(fields.parameters("transform_param"), phase: fields.phase)
  }

  package func probe(_ environment: InputEnvironment, log: Log) throws(Diagnostic) -> [Shape] {
    _ = try Transformer(settings, environment, log: log)
    return [shape, [shape[0]]]
  }

  package func open(
    _ environment: InputEnvironment, shapes: [Shape], random: RandomStream, log: Log
  ) throws(Diagnostic) -> any InputSource {
    if transforms {
      environment.note("MemoryData transforms datums only: arrays are taken as they are")
    }
    return MemorySource(
      shape, try Transformer(settings, environment),
      settings.drawsNumbers ? RandomStream(seed: random.draw()) : nil)
  }
}
