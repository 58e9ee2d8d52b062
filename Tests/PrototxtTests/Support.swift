import CCaffeProto
import Foundation
import Prototxt
import Testing

/// The message types that the tests read.
enum Caffe {
  static let net = unsafe MessageType(caffe__net_parameter__descriptor)
  static let solver = unsafe MessageType(caffe__solver_parameter__descriptor)
  static let layer = unsafe MessageType(caffe__layer_parameter__descriptor)
  static let filler = unsafe MessageType(caffe__filler_parameter__descriptor)
  static let blob = unsafe MessageType(caffe__blob_proto__descriptor)
  static let datum = unsafe MessageType(caffe__datum__descriptor)
}

/// The text of a fixture.
func fixture(_ name: String) throws -> String {
  let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
  return try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
}

func parse(_ text: String, as type: MessageType = Caffe.net) throws -> Message {
  try TextParser.parse(SourceText(name: "net.prototxt", text), as: type).message
}

/// What the parser says about a faulty text; empty if it finds nothing.
func complaint(_ text: String, as type: MessageType = Caffe.net) -> String {
  do {
    _ = try TextParser.parse(SourceText(name: "net.prototxt", text), as: type)
    return ""
  } catch {
    return error.description
  }
}
