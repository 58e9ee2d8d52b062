import Prototxt

/// From `input`, `input_shape` and `input_dim` of a net to a layer of type Input.
enum InputFields {
  private static let axes = 4

  @Sendable static func applies(_ net: Message) -> Bool { net.has("input") }

  @Sendable static func apply(_ net: inout Message, _ log: Log) throws(Diagnostic) -> Bool {
    let inputs = net.values("input")
    if net.has("input_shape") || net.has("input_dim") {
      var layer = Message(CaffeSchema.layer, location: net.location(of: "input"))
      layer.set("name", "input")
      layer.set("type", "Input")
      for input in inputs { try layer.take(input, as: "top") }
      var parameters = layer.message("input_param")
      parameters.location = net.location(of: net.has("input_shape") ? "input_shape" : "input_dim")
      for shape in try shapes(net, count: inputs.count) { parameters.append("shape", shape) }
      layer.set("input_param", parameters)
      insert(layer, into: &net)
    }
    for field in ["input", "input_shape", "input_dim"] { net.remove(field) }
    return false
  }

  private static func shapes(_ net: Message, count: Int) throws(Diagnostic) -> [Message] {
    if net.has("input_shape") {
      let shapes = net.messages("input_shape")
      guard shapes.count == count else {
        throw net.error(
          "input_shape", index: min(count, shapes.count - 1),
          "the net has \(count) `input` but \(shapes.count) `input_shape`; give one for each input")
      }
      return shapes
    }
    let dims = net.values("input_dim")
    guard dims.count == axes * count else {
      throw net.error(
        "input_dim", index: min(axes * count, dims.count - 1),
        "the net has \(count) `input` and so needs \(axes * count) `input_dim`, four for each (batch, channels, "
          + "height, width), not \(dims.count); for another number of axes use an Input layer")
    }
    var shapes: [Message] = []
    for first in stride(from: 0, to: dims.count, by: axes) {
      var shape = Message(CaffeSchema.shape, location: dims[first].location)
      for dim in dims[first..<first + axes] { try shape.take(dim, as: "dim") }
      shapes.append(shape)
    }
    return shapes
  }

  /// Puts the layer before all others.
  private static func insert(_ layer: Message, into net: inout Message) {
    guard let type = net.type.field("layer") else { return }
    let field = Message.Field(type, .message(layer), location: layer.location)
    net.fields.insert(field, at: net.fields.firstIndex { $0.type == type } ?? net.fields.count)
  }
}
