import Prototxt

/// A weight as a blob of its own; it starts as zeros.
///
/// - top: the weight.
/// - weights: one of the shape that is given; each backward pass replaces its gradient by the top's, as Caffe does.
package struct Parameter: Layer {
  package static let type = "Parameter"
  package static let arity = Arity(bottoms: 0...0, tops: 1...1)

  let shape: Shape

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("parameter_param")
    guard parameters.has("shape") else {
      throw parameters.error("shape", "shape is missing; give the shape of the weight")
    }
    shape = try Shape(parameters.message("shape"))
  }

  package func plan(_ bottoms: [Shape]) -> Plan {
    Plan(tops: [shape], weights: [.init(shape, .constant(0), replacesGradient: true)], division: .whole)
  }

  package func forward(_ pass: Pass) { pass.tops[0].data.copy(pass.weights[0].data) }

  package func backward(_ pass: Pass) {
    if pass.learns[0] { pass.weights[0].gradient.copy(pass.tops[0].gradient) }
  }
}
