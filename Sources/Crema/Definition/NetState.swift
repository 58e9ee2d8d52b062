import Prototxt

/// What decides which layers of a file belong to a net: phase, level and stages.
public struct NetState: Sendable, Equatable {
  /// TRAIN or TEST.
  public var phase: Phase
  /// Compared with the `min_level` and `max_level` of rules.
  public var level: Int
  /// Compared with the `stage` and `not_stage` of rules.
  public var stages: [String]

  /// A state; Caffe's default is the phase TEST.
  public init(phase: Phase = .test, level: Int = 0, stages: [String] = []) {
    (self.phase, self.level, self.stages) = (phase, level, stages)
  }

  /// The message that says the same.
  public var message: Message {
    var message = Message(CaffeSchema.state)
    message.set("phase", phase.rawValue)
    message.set("level", level)
    message.set("stage", stages)
    return message
  }

  /// What a NetState message says.
  public init(_ message: Message) {
    self.init(
      phase: Phase(rawValue: message.enumeration("phase")) ?? .test, level: message.int("level"),
      stages: message.strings("stage"))
  }
}

extension Message {
  /// A NetState message with what `other` sets laid over it: scalars replace, stages are added.
  func merging(state other: Message) -> Message {
    var merged = self
    if other.has("phase") { merged.set("phase", other.enumeration("phase")) }
    if other.has("level") { merged.set("level", other.int("level")) }
    for stage in other.strings("stage") { merged.append("stage", stage) }
    return merged
  }
}
