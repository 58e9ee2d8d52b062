import Prototxt

/// From a solver's `solver_type`, an enum, to `type`, a string.
enum SolverType {
  private static let names = [
    "SGD": "SGD", "NESTEROV": "Nesterov", "ADAGRAD": "AdaGrad", "RMSPROP": "RMSProp", "ADADELTA": "AdaDelta",
    "ADAM": "Adam",
  ]

  static func applies(_ solver: Message) -> Bool { solver.has("solver_type") }

  static func apply(_ solver: inout Message) throws(Diagnostic) {
    guard !solver.has("type") else {
      throw solver.error(
        "solver_type",
        "the solver has both 'solver_type' (the old enum) and 'type' (a string); remove 'solver_type'"
      ).noting("'type'", at: solver.location(of: "type"))
    }
    guard let old = solver.values("solver_type").last, let type = solver.type.field("type") else { return }
    let name = solver.enumeration("solver_type")
    solver.remove("solver_type")
    solver.fields.append(Message.Field(type, .string(names[name] ?? name), location: old.location))
  }
}
