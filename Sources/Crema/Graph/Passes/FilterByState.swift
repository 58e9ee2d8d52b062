import Prototxt

/// The layers of a net that its state includes.
package enum FilterByState {
  /// The NetParameter `net` without the layers whose rules the state does not meet.
  ///
  /// - Throws: a layer with both `include` and `exclude`.
  package static func apply(_ net: Message, _ state: NetState, log: Log) throws(Diagnostic) -> Message {
    var kept: [Message] = []
    for layer in net.messages("layer") where try includes(layer, state, log) { kept.append(layer) }
    var filtered = net
    filtered.set("layer", kept)
    return filtered
  }

  private static func includes(_ layer: Message, _ state: NetState, _ log: Log) throws(Diagnostic) -> Bool {
    let (include, exclude) = (layer.messages("include"), layer.messages("exclude"))
    if !include.isEmpty, !exclude.isEmpty {
      throw layer.error(
        "exclude", "layer '\(layer.string("name"))' has both include and exclude rules; keep one kind")
    }
    let name = layer.string("name")
    if include.isEmpty { return !exclude.contains { meets($0, state, of: name, log) } }
    return include.contains { meets($0, state, of: name, log) }
  }

  /// Whether the state meets a NetStateRule; the first condition that fails is logged.
  private static func meets(_ rule: Message, _ state: NetState, of layer: String, _ log: Log) -> Bool {
    func fails(_ line: Int, _ reason: String) -> Bool {
      log.info("net.cpp", line, "The NetState \(reason) specified by a rule in layer \(layer)")
      return false
    }
    if rule.has("phase"), let phase = Phase(rawValue: rule.enumeration("phase")), phase != state.phase {
      return fails(296, "phase (\(state.phase.number)) differed from the phase (\(phase.number))")
    }
    if rule.has("min_level"), state.level < rule.int("min_level") {
      return fails(306, "level (\(state.level)) is above the min_level (\(rule.int("min_level")))")
    }
    if rule.has("max_level"), state.level > rule.int("max_level") {
      return fails(314, "level (\(state.level)) is above the max_level (\(rule.int("max_level")))")
    }
    for stage in rule.strings("stage") where !state.stages.contains(stage) {
      return fails(330, "did not contain stage '\(stage)'")
    }
    for stage in rule.strings("not_stage") where state.stages.contains(stage) {
      return fails(346, "contained a not_stage '\(stage)'")
    }
    return true
  }
}
