import Prototxt

/// From `layers { layer { ... } }`, in which one message holds the parameters of all types, to V1.
enum V0 {
  @Sendable static func applies(_ net: Message) -> Bool { net.messages("layers").contains { $0.has("layer") } }

  @Sendable static func apply(_ net: inout Message, _ log: Log) throws(Diagnostic) -> Bool {
    try V1.refuseMixture(net)
    var hasProblems = false
    let kept = ["name", "layers", "input", "input_dim", "force_backward"]
    net.fields = try PaddingLayers.merged(net).fields.filter { kept.contains($0.type?.name ?? "") }
    try net.update("layers") { layer throws(Diagnostic) in
      layer = try upgraded(layer, log, &hasProblems)
    }
    return hasProblems
  }

  private static func upgraded(
    _ old: Message, _ log: Log, _ hasProblems: inout Bool
  ) throws(Diagnostic) -> Message {
    var new = Message(old.type, location: old.location)
    for name in ["bottom", "top"] {
      for field in old.values(name) { try new.take(field, as: name) }
    }
    guard old.has("layer") else { return new }
    let inner = old.message("layer")
    let type = inner.string("type")
    if let field = inner.values("type").last {
      guard let name = LegacyTypes.v1(v0: type) else {
        throw inner.error("type", "Unknown layer name: \(type)", suggesting: type.nearest(in: LegacyTypes.v0Names))
      }
      new.set("type", name)
      if let index = new.fields.lastIndex(where: { $0.name == "type" }) { new.fields[index].location = field.location }
    }
    for name in ["name", "blobs", "blobs_lr", "weight_decay"] {
      for field in inner.values(name) { try new.take(field, as: name) }
    }
    for move in V0Moves.all {
      for field in inner.values(move.field) {
        guard let target = move.target(for: type) else {
          let name = move.logName ?? move.field
          log.add(.error, "upgrade_proto.cpp", move.line, "Unknown parameter \(name) for layer type \(type)")
          hasProblems = true
          continue
        }
        if let name = target.field {
          try new.take(field, as: name, in: target.parameter)
        } else {
          try new.take(field, as: target.parameter)
        }
      }
    }
    return new
  }
}

/// Layers of type `padding`: what they do is done by the convolution or pooling behind them.
private enum PaddingLayers {
  static func merged(_ net: Message) throws(Diagnostic) -> Message {
    let layers = net.messages("layers")
    var makers: [String: Int?] = [:]
    for input in net.strings("input") { makers[input] = .some(nil) }
    var merged = net
    var index = 0
    try merged.update("layers") { layer throws(Diagnostic) in
      try connect(&layer, layers, makers)
      for top in layer.strings("top") { makers[top] = index }
      index += 1
    }
    merged.fields.removeAll { field in
      guard field.type?.name == "layers", case .message(let layer) = field.value else { return false }
      return isPadding(layer)
    }
    return merged
  }

  private static func isPadding(_ layer: Message) -> Bool { layer.message("layer").string("type") == "padding" }

  private static func connect(
    _ layer: inout Message, _ layers: [Message], _ makers: [String: Int?]
  ) throws(Diagnostic) {
    for (j, bottom) in layer.strings("bottom").enumerated() {
      guard let maker = makers[bottom] else {
        throw layer.error(
          "bottom", index: j, "Unknown blob input \(bottom) to layer \(layer.message("layer").string("name"))")
      }
      guard let maker, isPadding(layers[maker]) else { continue }
      let padding = layers[maker]
      let type = layer.message("layer").string("type")
      guard type == "conv" || type == "pool" else {
        throw layer.error(
          "bottom", index: j,
          "a layer of type padding can only be read by conv or pool, not by "
            + (type.isEmpty ? "a layer without a type" : type)
        ).noting("the padding", at: padding.location)
      }
      guard layer.count("bottom") == 1, let input = padding.values("bottom").first, padding.count("bottom") == 1 else {
        throw layer.error("bottom", index: j, "padding and the layer that reads it must have one bottom each")
          .noting("the padding", at: padding.location)
      }
      var inner = layer.message("layer")
      inner.set("pad", padding.message("layer").int("pad"))
      layer.set("layer", inner)
      layer.remove("bottom")
      layer.fields.append(input)
    }
  }
}
