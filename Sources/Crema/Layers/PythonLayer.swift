import Prototxt

/// A class of a Python module. It can be read and shown, and its weights converted, but nothing can run it here.
package struct PythonLayer: Layer {
  package static let type = "Python"
  package static let arity = Arity(bottoms: 0...Int.max, tops: 0...Int.max)
  package static let traits = Traits.inPlace

  /// `module.Class`.
  let name: String
  private let location: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("python_param")
    for field in ["module", "layer"] where parameters.string(field).isEmpty {
      throw parameters.error(field, "\(field) is missing: python_param names a module and, as layer, a class in it")
    }
    name = "\(parameters.string("module")).\(parameters.string("layer"))"
    location = parameters.location(of: "module")
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    throw ShapeError(
      "computes by '\(name)', a class in Python, which Crema cannot run; replace it by layers of Caffe, or leave it out of this "
        + "phase by an include rule. `crema summary` and `crema convert` take the net as it is", at: location)
  }

  package func forward(_ pass: Pass) {}
}
