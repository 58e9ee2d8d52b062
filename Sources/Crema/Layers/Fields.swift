import Prototxt

/// TRAIN or TEST.
public enum Phase: String, Sendable {
  /// Learning: batch statistics, dropout, random crops.
  case train = "TRAIN"
  /// Evaluation.
  case test = "TEST"
  /// Caffe's number, as in its log.
  var number: Int { self == .train ? 0 : 1 }
}

/// What the file says of one layer, for the layer's initializer.
package struct Fields: Sendable {
  /// The LayerParameter.
  package let message: Message
  /// The phase of the layer.
  package let phase: Phase
  /// Where files are looked up that the layer's parameters are in.
  package let environment: InputEnvironment

  package init(_ message: Message, phase: Phase, environment: InputEnvironment = InputEnvironment()) {
    (self.message, self.phase, self.environment) = (message, phase, environment)
  }

  package var name: String { message.string("name") }
  package var type: String { message.string("type") }
  package var bottoms: [String] { message.strings("bottom") }
  package var tops: [String] { message.strings("top") }

  /// The parameter message of this name, such as `relu_param`; empty, with the schema's defaults, if the file has none.
  package func parameters(_ name: String) -> Message { message.message(name) }
}
