import Prototxt

/// For each index of the bottom its row of a table, and a bias.
///
/// Divided in parts and not by images, since a slice would need its own copy of a large table's gradient: forward by
/// indices, the weights' gradients by outputs.
///
/// - bottom: indices of rows, without gradient.
/// - top: the bottom's axes, then num_output.
/// - weights: input_dim x num_output; then `num_output` biases if `bias_term`.
package struct Embed: Layer {
  package static let type = "Embed"
  package static var traits: Traits {
    var traits = Traits()
    traits.bottomsWithoutGradient = [0]
    return traits
  }

  let outputs: Int, rows: Int, hasBias: Bool
  private let filler: Filler, biasFiller: Filler
  private let place: SourceLocation?
  private let indices = Indices(noun: "rows of the table", advice: "check the indices, or input_dim")

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("embed_param")
    (outputs, rows) = (parameters.int("num_output"), parameters.int("input_dim"))
    hasBias = parameters.bool("bias_term")
    filler = try Filler(parameters.message("weight_filler"))
    biasFiller = try Filler(parameters.message("bias_filler"))
    place = parameters.location(of: "num_output")
    try checkOutputs(parameters)
    guard rows > 0 else {
      throw parameters.error(
        "input_dim",
        parameters.has("input_dim")
          ? "input_dim must be 1 or more, not 0" : "input_dim is missing; give the number of rows of the table")
    }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let table = try Shape([rows, outputs]).fitting("the weights", at: place)
    let top = try Shape(bottoms[0].axes + [outputs]).fitting("the top", at: place)
    return Plan(
      tops: [top], weights: [.init(table, filler)] + (hasBias ? [.init([outputs], biasFiller)] : []), division: .parts)
  }

  package func forward(_ pass: Pass) {
    let y = pass.tops[0].data, table = pass.weights[0].data
    pass.bottoms[0].data.read { x in
      for i in pass.share(of: x.count) {
        guard let row = indices.read(x[i], at: i, count: rows, pass) else { return }
        y.copy(outputs, at: i * outputs, of: table, from: row * outputs)
        if hasBias { y.add(outputs, at: i * outputs, of: pass.weights[1].data) }
      }
    }
  }

  package func backward(_ pass: Pass) {
    let dy = pass.tops[0].gradient, mine = pass.share(of: outputs)
    pass.bottoms[0].data.read { x in
      for i in 0..<x.count {
        guard let row = indices.read(x[i], at: i, count: rows, pass) else { return }
        let from = i * outputs + mine.lowerBound
        if pass.learns[0] {
          pass.weights[0].gradient.add(mine.count, at: row * outputs + mine.lowerBound, of: dy, from: from)
        }
        if hasBias, pass.learns[1] { pass.weights[1].gradient.add(mine.count, at: mine.lowerBound, of: dy, from: from) }
      }
    }
  }
}
