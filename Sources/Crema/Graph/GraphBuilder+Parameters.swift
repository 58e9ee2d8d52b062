import Prototxt

extension GraphBuilder {
  /// The parameters of a layer's weights: new ones, or those of an earlier layer that gave them the same name.
  ///
  /// - Parameter definition: gets the `param` entries that statistics need.
  mutating func parameters(
    of definition: inout Message, _ plan: Plan, node: Int
  ) throws(Diagnostic) -> [(parameter: Int, isShared: Bool)] {
    let given = definition.messages("param")
    guard given.count <= plan.weights.count else {
      throw Graph.error(
        in: definition,
        "Too many params specified for layer \(definition.string("name")): \(given.count) `param`, but \(plan.weights.count) blobs",
        at: definition.location(of: "param", index: plan.weights.count))
    }
    try freezeStatistics(&definition, plan)
    let specifications = definition.messages("param")
    var result: [(parameter: Int, isShared: Bool)] = []
    for (i, weight) in plan.weights.enumerated() {
      let specification =
        i < specifications.count ? specifications[i] : Message(CaffeSchema.parameter, location: definition.location)
      let name = specification.string("name")
      if !name.isEmpty, let owner = owners[name] {
        try share(owner, specification, weight.shape, definition)
        result.append((owner, true))
        continue
      }
      let constraint = try constraint(specification, weight, in: definition)
      graph.parameters.append(
        Graph.Parameter(
          name: name.isEmpty ? String(i) : name, owner: (node, i), shape: weight.shape,
          rate: specification.float("lr_mult"), decay: specification.float("decay_mult"),
          constraint: constraint, isRateSet: specification.has("lr_mult"), isDecaySet: specification.has("decay_mult")))
      if !name.isEmpty { owners[name] = graph.parameters.count - 1 }
      result.append((graph.parameters.count - 1, false))
    }
    return result
  }

  /// What the parameter must obey, as its `param` says.
  private func constraint(
    _ specification: Message, _ weight: Plan.Weight, in definition: Message
  ) throws(Diagnostic) -> Constraint? {
    guard let constraint = Constraint(specification) else { return nil }
    let place = specification.location(of: "constraint")
    guard !weight.isStatistic else {
      throw Graph.error(in: definition, "its statistics do not learn, and can obey no constraint", at: place)
    }
    do throws(ShapeError) { try constraint.check(weight.shape) } catch {
      throw Graph.error(in: definition, error.message, at: place)
    }
    return constraint
  }

  /// Statistics do not learn: their `lr_mult` is 0, which the definition says for each of them.
  private func freezeStatistics(_ definition: inout Message, _ plan: Plan) throws(Diagnostic) {
    let given = definition.messages("param")
    for (i, weight) in plan.weights.enumerated() where weight.isStatistic {
      if i < given.count {
        guard given[i].float("lr_mult") == 0 else {
          throw Graph.error(
            in: definition,
            "its statistics are no learnable parameters: lr_mult must be 0, not \(given[i].float("lr_mult"))",
            at: given[i].location(of: "lr_mult"))
        }
      } else {
        var frozen = Message(CaffeSchema.parameter, location: definition.location)
        frozen.set("lr_mult", Float(0))
        definition.append("param", frozen)
      }
    }
  }

  private mutating func share(
    _ index: Int, _ specification: Message, _ shape: Shape, _ definition: Message
  ) throws(Diagnostic) {
    let owner = graph.parameters[index]
    let ownerName =
      owner.owner.node < graph.nodes.count ? graph.nodes[owner.owner.node].name : definition.string("name")
    let isPermissive = specification.enumeration("share_mode") == "PERMISSIVE"
    let fits = isPermissive ? owner.shape.count == shape.count : owner.shape == shape
    guard fits else {
      throw Graph.error(
        in: definition,
        "cannot share param '\(owner.name)' owned by layer '\(ownerName)': \(isPermissive ? "count" : "shape") mismatch: "
          + "\(owner.shape) there, \(shape) here", at: specification.location)
    }
    if specification.has("constraint"), Constraint(specification) != owner.constraint {
      throw Graph.error(
        in: definition,
        "Shared param '\(owner.name)' has mismatched constraint: \(owner.constraint?.rawValue ?? "NONE") in layer '\(ownerName)', "
          + "\(specification.enumeration("constraint")) here; the layer that names it first decides",
        at: specification.location(of: "constraint"))
    }
    if specification.has("lr_mult") {
      let rate = specification.float("lr_mult")
      guard !owner.isRateSet || owner.rate == rate else {
        throw Graph.error(
          in: definition,
          "Shared param '\(owner.name)' has mismatched lr_mult: \(owner.rate) in layer '\(ownerName)', \(rate) here",
          at: specification.location(of: "lr_mult"))
      }
      (graph.parameters[index].rate, graph.parameters[index].isRateSet) = (rate, true)
    }
    if specification.has("decay_mult") {
      let decay = specification.float("decay_mult")
      guard !owner.isDecaySet || owner.decay == decay else {
        throw Graph.error(
          in: definition,
          "Shared param '\(owner.name)' has mismatched decay_mult: \(owner.decay) in layer '\(ownerName)', \(decay) here",
          at: specification.location(of: "decay_mult"))
      }
      (graph.parameters[index].decay, graph.parameters[index].isDecaySet) = (decay, true)
    }
    options.log.info(
      "net.cpp", 517,
      "Sharing parameters '\(owner.name)' owned by layer '\(ownerName)', param index \(owner.owner.weight)")
  }
}
