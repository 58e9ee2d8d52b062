import Synchronization

/// What one call of a layer may touch.
package struct Pass {
  /// The slice of each bottom.
  package let bottoms: [Blob]
  /// The slice of each top.
  package let tops: [Blob]
  /// Shared values; gradients to be added to: this slice's own, or those of the net if the division is not by images.
  package let weights: [Blob]
  /// What the plan asked for in `kept`.
  package let kept: [Tensor]
  /// What the plan asked for in `state`.
  package let state: [Tensor]
  /// What the plan asked for in `shared`.
  package let shared: [Tensor]
  /// What the plan asked for in `scratch`.
  package internal(set) var scratch: [Tensor] = []
  /// For each bottom, whether its gradient is asked for.
  package let wanted: [Bool]
  /// For each weight, whether its gradient is asked for.
  package let learns: [Bool]
  /// Whether a backward pass may follow: what it needs must be kept.
  package let keeps: Bool
  /// The part of the batch's work that this call does, of `parts`.
  package let part: Int, parts: Int
  /// Which of the plan's phases this call is of: the calls of all parts in the phases before are done.
  package private(set) var phase = 0
  /// Takes the message of a failure in the values, such as a label without a class.
  package let failures: Failures

  package init(
    bottoms: [Blob], tops: [Blob], weights: [Blob] = [], kept: [Tensor] = [], state: [Tensor] = [],
    shared: [Tensor] = [], scratch: [Tensor] = [],
    wanted: [Bool]? = nil,
    learns: [Bool]? = nil, keeps: Bool = true, part: Int = 0, parts: Int = 1, failures: Failures = Failures()
  ) {
    (self.bottoms, self.tops, self.weights, self.kept, self.scratch) = (bottoms, tops, weights, kept, scratch)
    (self.state, self.shared) = (state, shared)
    self.wanted = wanted ?? bottoms.map { _ in true }
    self.learns = learns ?? weights.map { _ in true }
    (self.keeps, self.part, self.parts, self.failures) = (keeps, part, parts, failures)
  }

  /// Of `count` independent things (channels, rows), those that this call computes.
  package func share(of count: Int) -> Range<Int> {
    count * part / parts..<count * (part + 1) / parts
  }

  /// The same call in another phase.
  package func inPhase(_ phase: Int) -> Pass {
    guard phase != self.phase else { return self }
    var pass = self
    pass.phase = phase
    return pass
  }

  /// True for one of the parts: what must happen once in a pass.
  package var isFirst: Bool { part == 0 }

  /// Reports values that cannot be computed with. The net stops after the step and throws the message with the layer's place.
  package func fail(_ message: @autoclosure () -> String) { failures.report(message()) }
}

/// The failures of one layer during a pass. The first one reported is kept.
package final class Failures: Sendable {
  private let message = Mutex<String?>(nil)

  package init() {}

  func report(_ text: String) {
    message.withLock { if $0 == nil { $0 = text } }
  }

  /// The message, which is then forgotten.
  package func take() -> String? {
    message.withLock { message in
      defer { message = nil }
      return message
    }
  }
}
