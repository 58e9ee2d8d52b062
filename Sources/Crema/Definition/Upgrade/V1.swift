import Prototxt

/// From `layers` with types that are enums to `layer` with types that are strings.
enum V1 {
  /// V1LayerParameter.
  static let layer: MessageType? = {
    guard case .message(let type)? = CaffeSchema.net.field("layers")?.kind else { return nil }
    return type
  }()

  @Sendable static func applies(_ net: Message) -> Bool { net.has("layers") }

  @Sendable static func apply(_ net: inout Message, _ log: Log) throws(Diagnostic) -> Bool {
    try refuseMixture(net)
    guard let layer = CaffeSchema.net.field("layer") else { return false }
    for index in net.fields.indices where net.fields[index].type?.name == "layers" {
      guard case .message(let old) = net.fields[index].value else { continue }
      net.fields[index] = Message.Field(layer, .message(try current(old)), location: net.fields[index].location)
    }
    return false
  }

  /// - Throws: if a net has both `layer` and `layers`.
  static func refuseMixture(_ net: Message) throws(Diagnostic) {
    guard net.has("layer"), net.has("layers") else { return }
    throw net.error(
      "layers",
      "the net has both 'layer' and 'layers' (the old format, with types in capitals), which cannot be mixed; write "
        + "all of them as 'layer', or upgrade the file with the 'layers' alone (crema upgrade)"
    ).noting("the first 'layer'", at: net.location(of: "layer"))
  }

  private static let rates = [
    "param": "name", "blob_share_mode": "share_mode", "blobs_lr": "lr_mult", "weight_decay": "decay_mult",
  ]

  private static func current(_ old: Message) throws(Diagnostic) -> Message {
    var new = Message(CaffeSchema.layer, location: old.location)
    var specifications: [Message] = []
    var counts: [String: Int] = [:]
    for field in old.fields {
      guard let type = field.type else {
        new.fields.append(field)
        continue
      }
      if let part = rates[type.name] {
        let index = counts[type.name, default: 0]
        counts[type.name] = index + 1
        if index == specifications.count {
          specifications.append(Message(CaffeSchema.parameter, location: field.location))
        }
        try specifications[index].take(field, as: part)
      } else if type.name == "type", case .enumeration(let name, _) = field.value {
        try new.take(
          Message.Field(type, .string(LegacyTypes.current(v1: name) ?? name), location: field.location), as: "type")
      } else if type.name != "layer" {
        try new.take(field, as: type.name)
      }
    }
    for specification in specifications { new.append("param", specification) }
    return new
  }
}
