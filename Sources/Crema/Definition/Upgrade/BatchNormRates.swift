import Prototxt

/// A BatchNorm with three `param` gets rates of 0 for all of them: its blobs are statistics.
enum BatchNormRates {
  private static func isAffected(_ layer: Message) -> Bool {
    layer.string("type") == "BatchNorm" && layer.count("param") == 3
  }

  @Sendable static func applies(_ net: Message) -> Bool { net.messages("layer").contains(where: isAffected) }

  @Sendable static func apply(_ net: inout Message, _ log: Log) throws(Diagnostic) -> Bool {
    try net.update("layer") { layer throws(Diagnostic) in
      guard isAffected(layer) else { return }
      try layer.update("param") { specification throws(Diagnostic) in
        specification.set("lr_mult", Float(0))
        specification.set("decay_mult", Float(0))
      }
    }
    return false
  }
}
