import Prototxt

/// The BatchNorm of NVIDIA's Caffe that scales and adds too (`scale_bias: true`): a BatchNorm and a Scale layer behind it.
enum ScaleBias {
  static let field = "scale_bias"
  static let parameters = "BatchNormParameter"

  /// Whether a field is the one that is translated.
  static func applies(_ name: String, in message: String) -> Bool { name == field && message == parameters }

  /// Puts Scale layers behind such layers of a NetParameter.
  ///
  /// The Scale layer has the name of the BatchNorm and `_scale`. The learning rates of the fourth and fifth `param`, which NVIDIA's
  /// Caffe replaces by 1, are left out.
  static func translate(_ net: inout Message) {
    guard net.type.field("layer") != nil else { return }
    net.set("layer", net.messages("layer").flatMap(divided))
  }

  private static func divided(_ layer: Message) -> [Message] {
    guard layer.string("type") == "BatchNorm", layer.has("batch_norm_param") else { return [layer] }
    var (normal, inner) = (layer, layer.message("batch_norm_param"))
    let given = inner.fields.filter { $0.type == nil && $0.name == field }
    guard let last = given.last else { return [layer] }
    inner.fields.removeAll { $0.type == nil && $0.name == field }
    normal.set("batch_norm_param", inner)
    guard ForkFields.truth(last.value) == true else { return [normal] }
    normal.set("param", Array(normal.messages("param").prefix(3)))
    var scale = Message(layer.type, location: layer.location)
    for field in ["phase", "include", "exclude"] { scale.fields += layer.fields.filter { $0.name == field } }
    scale.set("name", layer.string("name") + "_scale")
    scale.set("type", "Scale")
    scale.set("bottom", layer.strings("top"))
    scale.set("top", layer.strings("top"))
    var parameters = scale.message("scale_param")
    parameters.set("bias_term", true)
    scale.set("scale_param", parameters)
    return [normal, scale]
  }
}
