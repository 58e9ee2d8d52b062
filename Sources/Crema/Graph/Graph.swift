import Prototxt

/// A net that has been checked: layers in the order they run, and the values between them. Nothing is allocated.
///
/// A top with the name of the bottom at its index is computed in place: it is the same value.
public struct Graph: Sendable {
  /// A layer in its place.
  public struct Node: Sendable {
    /// The name in the file.
    public let name: String
    /// The type in the file.
    public let type: String
    /// The LayerParameter as the layer holds it, and as it is saved: phase set, implicit weights added, without blobs.
    public let definition: Message
    /// What it computes.
    package let layer: any Layer
    /// The memory it needs for these bottoms, and how its work may be divided.
    package internal(set) var plan: Plan
    /// Indices of the values it reads.
    public let bottoms: [Int]
    /// Indices of the values it writes.
    public let tops: [Int]
    /// For each weight, its index in `parameters`, and whether this node shares what another one owns.
    public let weights: [(parameter: Int, isShared: Bool)]
    /// For each weight, whether its gradient is computed.
    package var learns: [Bool]
    /// For each top, the factor of its values in the loss; 0 if it is no loss.
    public let lossWeights: [Float]
    /// For each bottom, whether its gradient is computed.
    package var wanted: [Bool]
    /// Whether the layer runs backward.
    public package(set) var runsBackward: Bool
    /// Whether it can be shown, but not computed, because nobody knows its layer or the shapes of its bottoms.
    public internal(set) var isOpaque = false
  }

  /// A blob: what one layer makes and others read.
  public struct Value: Sendable {
    /// The name, after InsertSplits.
    public let name: String
    /// The axes.
    public let shape: Shape
    /// Whether the axes are known: behind a layer that cannot be computed they are not, and `shape` is then empty.
    public var isKnown = true
  }

  /// What the solver may change: a weight and the numbers that the file gives for it.
  public struct Parameter: Sendable {
    /// The name in `param`, or the index within the layer.
    public let name: String
    /// The node that owns it, and its index there.
    public let owner: (node: Int, weight: Int)
    /// The axes.
    public let shape: Shape
    /// Factor of the learning rate.
    public internal(set) var rate: Float
    /// Factor of the weight decay.
    public internal(set) var decay: Float
    /// What it obeys after every update.
    package internal(set) var constraint: Constraint?
    /// Whether a file set these factors; a later `param` of the same name may then only repeat them.
    var isRateSet: Bool, isDecaySet: Bool
  }

  /// The net's name.
  public internal(set) var name = ""
  /// What decided which layers belong to it.
  public internal(set) var state = NetState()
  /// The layers, in the order they run.
  public package(set) var nodes: [Node] = []
  /// The blobs, in the order they are made.
  public internal(set) var values: [Value] = []
  /// The weights that are owned, in the order of nodes.
  public internal(set) var parameters: [Parameter] = []
  /// The values that nobody reads, by name.
  public internal(set) var outputs: [Int] = []
  /// The values of Input layers, in order.
  public internal(set) var inputs: [Int] = []
  /// Whether `debug_info` is set in the net.
  public internal(set) var debugInfo = false
  /// Remarks on the definition, such as fields that are known not to matter.
  public internal(set) var warnings: [Diagnostic] = []

  /// The last value of this name.
  public func value(_ name: String) -> Int? { values.indices.last { values[$0].name == name } }

  /// The factor of a value in the loss; 0 if it is no loss.
  package func lossWeight(of value: Int) -> Float {
    for node in nodes {
      for (top, weight) in zip(node.tops, node.lossWeights) where top == value && weight != 0 { return weight }
    }
    return 0
  }

  /// The first node of this name.
  public func node(_ name: String) -> Int? { nodes.indices.first { nodes[$0].name == name } }

  /// A warning of a layer: its name and type before the message, and its place.
  package static func warning(in layer: Message, _ message: String) -> Diagnostic {
    var warning = error(in: layer, message)
    warning.severity = .warning
    return warning
  }

  /// A diagnostic of a layer: its name and type before the message, its place if the message has none.
  package static func error(
    in layer: Message, _ message: String, at location: SourceLocation? = nil, notes: [Diagnostic] = [],
    suggestion: String? = nil
  ) -> Diagnostic {
    Diagnostic(
      "layer '\(layer.string("name"))' (\(layer.string("type"))): \(message)", at: location ?? layer.location,
      notes: notes, suggestion: suggestion)
  }
}
