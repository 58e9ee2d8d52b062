import Prototxt

/// What PSPNet's BN does to its own `param`: statistics never learn, and with `frozen` nothing does.
enum BNRates {
  /// How many weights of the layer can learn: factors and terms.
  private static let learning = 2

  /// Whether there is something to set.
  static func applies(_ layer: Message) -> Bool {
    guard layer.string("type") == "BN" else { return false }
    return isFrozen(layer) || layer.count("param") > learning
  }

  /// Sets the rates to zero.
  static func set(_ layer: inout Message) {
    guard applies(layer) else { return }
    var rates = layer.messages("param")
    while isFrozen(layer), rates.count < learning {
      rates.append(Message(CaffeSchema.parameter, location: layer.location))
    }
    for index in rates.indices where isFrozen(layer) || index >= learning {
      rates[index].set("lr_mult", Float(0))
      rates[index].set("decay_mult", Float(0))
    }
    layer.set("param", rates)
  }

  private static func isFrozen(_ layer: Message) -> Bool { layer.message("bn_param").bool("frozen") }
}
