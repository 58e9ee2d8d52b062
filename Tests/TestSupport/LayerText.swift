import Crema
import Prototxt

/// The layers of a net's text.
package func layers(_ text: String, file: String = "net.prototxt") throws -> [Message] {
  try TextParser.parse(SourceText(name: file, text), as: CaffeSchema.net).message.messages("layer")
}

/// A layer from the inside of its block: `type: "ReLU" bottom: "a" top: "y"`. Bottoms and tops are a and y if none are given.
package func makeLayer(_ text: String, phase: Phase = .train) throws -> any Layer {
  let names = (text.contains("bottom:") ? "" : " bottom: \"a\"") + (text.contains("top:") ? "" : " top: \"y\"")
  let message = try layers("layer { name: \"layer\" \(text)\(names) }")[0]
  return try makeLayer(message, phase: phase)
}

/// A layer from its message. `folder` is where its files are.
package func makeLayer(_ message: Message, phase: Phase, folder: String? = nil) throws -> any Layer {
  guard let kind = LayerCatalog.standard[message.string("type")] else {
    throw Diagnostic("type '\(message.string("type"))' is unknown", at: message.location(of: "type"))
  }
  var environment = InputEnvironment()
  environment.rootFolder = folder
  return try kind.layer(Fields(message, phase: phase, environment: environment))
}
