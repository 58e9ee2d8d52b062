import Prototxt

/// Blobs that come from outside.
///
/// - tops: one or more; their shapes are given in the file, one for each top or one for all.
package struct Input: Layer {
  package static let type = "Input"
  package static let arity = Arity(bottoms: 0...0, tops: 1...Int.max)

  let shapes: [Shape]

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("input_param"), given = parameters.messages("shape")
    guard given.count == 1 || given.count == fields.tops.count else {
      throw parameters.error(
        "shape",
        "input_param has \(given.count) shapes for \(fields.tops.count) tops; give one for each top, or one for all")
    }
    var shapes: [Shape] = []
    for message in given { shapes.append(try Shape(message)) }
    self.shapes = given.count == 1 ? Array(repeating: shapes[0], count: fields.tops.count) : shapes
  }

  package func plan(_ bottoms: [Shape]) -> Plan { Plan(tops: shapes, division: .whole) }
  package func forward(_ pass: Pass) {}
}
