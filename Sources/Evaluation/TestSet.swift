import Crema
import Prototxt

/// A database of labelled images that nets are tested on.
public struct TestSet: Sendable {
  /// The folder of the database, as a net's file would name it.
  public let source: String
  /// What happens to images on their way into a net that has an Input layer: a TransformationParameter. A net's own data layer
  /// keeps its own.
  public var transform: Message?
  /// The number of images that a net with an Input layer takes at once.
  public var batch: Int

  /// The images of a database.
  public init(source: String, transform: Message? = nil, batch: Int = 50) {
    (self.source, self.transform, self.batch) = (source, transform, batch)
  }

  /// The net in phase TEST with its images from this database: its Data layer reads it, or a Data layer takes the place of its
  /// Input layer.
  ///
  /// - Throws: a net without a data or an Input layer, or with several.
  package func feeding(_ definition: NetDefinition, _ state: NetState) throws(Diagnostic) -> NetDefinition {
    var net = try FilterByState.apply(definition.message, state, log: .silent)
    var layers = net.messages("layer")
    let data = layers.indices.filter { layers[$0].string("type") == "Data" }
    let inputs = layers.indices.filter { layers[$0].string("type") == "Input" }
    guard data.count + inputs.count == 1, let place = data.first ?? inputs.first else {
      throw Diagnostic(
        "the net has \(data.count) Data and \(inputs.count) Input layers in phase TEST, where one of them is needed to take the "
          + "images of a database", at: net.location)
    }
    layers[place] = data.isEmpty ? try dataLayer(inPlaceOf: layers[place]) : redirected(layers[place])
    net.set("layer", layers)
    return NetDefinition(net, warnings: definition.warnings)
  }

  private func redirected(_ layer: Message) -> Message {
    var (layer, parameters) = (layer, layer.message("data_param"))
    describe(&parameters)
    layer.set("data_param", parameters)
    return layer
  }

  private func dataLayer(inPlaceOf input: Message) throws(Diagnostic) -> Message {
    let tops = input.strings("top")
    guard tops.count == 1 else {
      throw input.error(
        "top", index: tops.count > 1 ? 1 : 0,
        "layer '\(input.string("name"))' has \(tops.count) tops; a database has images for one")
    }
    var layer = Message(CaffeSchema.layer, location: input.location)
    layer.set("name", input.string("name"))
    layer.set("type", "Data")
    layer.set("top", tops + [Self.label(besides: tops[0])])
    if let transform { layer.set("transform_param", transform) }
    var parameters = layer.message("data_param")
    describe(&parameters)
    parameters.set("batch_size", batch)
    layer.set("data_param", parameters)
    return layer
  }

  private func describe(_ parameters: inout Message) {
    parameters.set("source", source)
    parameters.set("backend", (DatabaseBackend(of: source) ?? .lmdb).enumeration)
  }

  private static func label(besides top: String) -> String { top == "label" ? "label_of_image" : "label" }
}
