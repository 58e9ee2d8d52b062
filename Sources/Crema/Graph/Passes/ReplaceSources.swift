import Prototxt

/// Replaces data layers by Input layers, for work on a net without its data.
package enum ReplaceSources {
  /// The net with an Input layer for each data layer of a state that `shapes` gives shapes for.
  ///
  /// - Parameter shapes: the shapes of the tops of a data layer; nil leaves the layer as it is.
  package static func apply(
    _ definition: NetDefinition, state: Message, catalog: LayerCatalog,
    shapes: (Message) throws(Diagnostic) -> [Shape]?
  ) throws(Diagnostic) -> NetDefinition {
    let phase = Phase(rawValue: state.enumeration("phase")) ?? .test
    var layers: [Message] = []
    for var layer in definition.message.messages("layer") {
      if !layer.has("phase") { layer.set("phase", phase.rawValue) }
      let isSource = catalog[layer.string("type")].map { $0 is any SourceLayer.Type } ?? false
      guard isSource, try isIncluded(layer, definition, state), let shapes = try shapes(layer) else {
        layers.append(layer)
        continue
      }
      layers.append(input(in: layer, shapes))
    }
    var message = definition.message
    message.set("layer", layers)
    return NetDefinition(message, warnings: definition.warnings)
  }

  private static func isIncluded(
    _ layer: Message, _ definition: NetDefinition, _ state: Message
  ) throws(Diagnostic) -> Bool {
    var alone = definition.message
    alone.set("layer", [layer])
    return try !FilterByState.apply(alone, NetState(state), log: .silent).messages("layer").isEmpty
  }

  /// An Input layer with the name, the tops and the rules of a data layer.
  private static func input(in layer: Message, _ shapes: [Shape]) -> Message {
    var input = Message(CaffeSchema.layer, location: layer.location)
    for field in ["name", "top", "phase", "include", "exclude"] {
      input.fields += layer.fields.filter { $0.name == field }
    }
    input.set("type", "Input")
    var parameters = input.message("input_param")
    for shape in shapes {
      var message = Message(CaffeSchema.shape, location: layer.location)
      message.set("dim", shape.axes)
      parameters.append("shape", message)
    }
    input.set("input_param", parameters)
    return input
  }
}
