import Prototxt

extension ParseResult {
  /// Judges the fields that Caffe does not have.
  ///
  /// Each is an error, except for those of Caffe's forks that cannot change results, which are warnings, and those that
  /// the upgrade replaces by a field of Caffe's (`ceil_mode`), which are neither.
  ///
  /// - Parameters:
  ///   - permissive: all of them are warnings.
  ///   - catalog: if given, those of layers whose type it does not have are warnings.
  ///   - leavesForks: those of layers whose type only forks have are left out: whoever computes the net refuses the layers.
  /// - Returns: the warnings.
  /// - Throws: all errors and warnings together, in the order of the file, if there is an error.
  public func judge(
    permissive: Bool, sparingLayersOutside catalog: LayerCatalog? = nil, leavesForks: Bool = false
  ) throws(DiagnosticList) -> [Diagnostic] {
    let spared = catalog.map { catalog in fields { catalog[$0] == nil } } ?? []
    let left = leavesForks && catalog == nil ? fields { ForkTypes.origin($0) != nil } : []
    let remarks = unknown.filter { !ForkFields.hasEquivalent($0) && !left.contains($0.location) }.map { field in
      let fork = ForkField.find(field.name, in: field.messageType)
      return ForkFields.diagnostic(
        field, fork,
        severity: permissive || fork?.isHarmless == true || spared.contains(field.location) ? .warning : .error)
    }
    if remarks.contains(where: { $0.severity == .error }) { throw DiagnosticList(remarks) }
    return remarks
  }

  /// The places of unknown fields in layers of some types.
  private func fields(_ isMeant: (_ type: String) -> Bool) -> Set<SourceLocation?> {
    guard message.type.field("layer") != nil else { return [] }
    return Set(
      message.messages("layer").filter { isMeant($0.string("type")) }.flatMap { $0.unknownFields().map(\.location) })
  }
}

/// Fields of Caffe's forks in a definition.
enum ForkFields {
  private static let ceilMode = "ceil_mode"
  private static let pooling = "PoolingParameter"

  /// Whether `translated` replaces the field.
  static func hasEquivalent(_ field: UnknownField) -> Bool {
    (field.messageType == pooling && field.name == ceilMode || ScaleBias.applies(field.name, in: field.messageType))
      && truth(field.value) != nil
  }

  static func diagnostic(_ field: UnknownField, _ fork: ForkField?, severity: Diagnostic.Severity) -> Diagnostic {
    guard let fork else { return field.diagnostic(severity: severity) }
    let verdict = fork.isHarmless ? "it is ignored, since \(fork.remark)" : fork.remark
    return Diagnostic(
      "\(field.messageType) has no field '\(field.name)': it comes from \(fork.forks); \(verdict)", at: field.location,
      severity: severity)
  }

  /// A definition in which fields of forks are replaced by the equivalent ones of Caffe: `ceil_mode` of a pooling by
  /// `round_mode`, CEIL if true and FLOOR if false; a convolution of each channel by one with as many groups; a BatchNorm with
  /// `scale_bias` by one with a Scale behind it.
  ///
  /// - Throws: if both are given and contradict each other.
  static func translated(_ message: Message) throws(Diagnostic) -> Message {
    guard needsTranslation(message) else { return message }
    var copy = message
    for index in copy.fields.indices {
      guard case .message(let inner) = copy.fields[index].value else { continue }
      copy.fields[index].value = .message(try translated(inner))
    }
    if copy.type.name == pooling { try translate(pooling: &copy) }
    if copy.type == CaffeSchema.layer {
      try DepthwiseConvolution.translate(&copy)
      BNRates.set(&copy)
    }
    if copy.type == CaffeSchema.net { ScaleBias.translate(&copy) }
    return copy
  }

  private static func needsTranslation(_ message: Message) -> Bool {
    if message.type == CaffeSchema.layer, DepthwiseConvolution.applies(message) || BNRates.applies(message) {
      return true
    }
    return message.fields.contains { field in
      if case .message(let inner) = field.value { return needsTranslation(inner) }
      return field.type == nil
        && (field.name == ceilMode && message.type.name == pooling
          || ScaleBias.applies(field.name, in: message.type.name))
    }
  }

  private static func translate(pooling: inout Message) throws(Diagnostic) {
    for field in pooling.fields where field.type == nil && field.name == ceilMode {
      guard let isCeil = truth(field.value), let type = pooling.type.field("round_mode") else { continue }
      let mode = isCeil ? "CEIL" : "FLOOR"
      guard !pooling.has("round_mode") || pooling.enumeration("round_mode") == mode else {
        throw Diagnostic(
          "ceil_mode: \(isCeil) contradicts round_mode: \(pooling.enumeration("round_mode")); remove one of them",
          at: field.location
        ).noting("round_mode", at: pooling.location(of: "round_mode"))
      }
      pooling.set("round_mode", mode)
      if let index = pooling.fields.firstIndex(where: { $0.type == type }), pooling.fields[index].location == nil {
        pooling.fields[index].location = field.location
      }
    }
    pooling.fields.removeAll { $0.type == nil && $0.name == ceilMode && truth($0.value) != nil }
  }

  static func truth(_ value: Message.Value) -> Bool? {
    guard case .raw(let word) = value else { return nil }
    switch word {
    case "true", "True", "t", "1": return true
    case "false", "False", "f", "0": return false
    default: return nil
    }
  }
}
