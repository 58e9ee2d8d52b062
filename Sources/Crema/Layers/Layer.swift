import Prototxt

/// One kind of layer: its parameters, the shapes it gives, and what it computes.
///
/// A layer is an immutable value. All memory belongs to the net and is lent for one pass. A layer starts no thread and knows
/// no slice: the blobs of a pass *are* the slice, and their first axis is as long as the slice has images.
package protocol Layer: Sendable {
  /// The name in the file, such as `ReLU`.
  static var type: String { get }
  /// How many bottoms and tops it takes.
  static var arity: Arity { get }
  /// What distinguishes this kind of layer in the graph.
  static var traits: Traits { get }
  /// Reads the parameters; the graph adds the layer's name and type to a thrown diagnostic.
  init(_ fields: Fields) throws(Diagnostic)
  /// The layer that the parameters ask for: of this type, unless a value is so different that it has a type of its own.
  static func layer(_ fields: Fields) throws(Diagnostic) -> any Layer
  /// Whether, with these parameters, the gradient is wrong where a top has a bottom's name: as wrong as Caffe's.
  var isWrongInPlace: Bool { get }
  /// The shapes of the tops and what the layer needs. Pure: nothing is allocated.
  func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan
  /// Writes the data of the tops.
  func forward(_ pass: Pass)
  /// Writes the gradients of the bottoms where `wanted`, and adds to those of the weights where `learns`.
  func backward(_ pass: Pass)
}

extension Layer {
  package static var arity: Arity { Arity(bottoms: 1...1, tops: 1...1) }
  package static var traits: Traits { Traits() }
  package static func layer(_ fields: Fields) throws(Diagnostic) -> any Layer { try Self(fields) }
  package var isWrongInPlace: Bool { false }
  package func backward(_ pass: Pass) {}
}

/// A layer that draws random numbers: a serial step in layer order over the whole batch, before any slice runs.
package protocol DrawingLayer: Layer {
  /// Fills `kept` (the draws of one forward pass).
  func draw(_ pass: Pass, from random: RandomStream)
}

/// A layer whose tops may be smaller than planned, as its forward pass finds: `Filter` selects images. It runs as a whole, with
/// memory for what is planned; layers behind it see what there is.
package protocol DecidingLayer: Layer {
  /// The shapes of what `forward` has written, from the start of each top on; none larger than planned.
  func decidedShapes(_ pass: Pass) -> [Shape]
}

/// How many bottoms and tops a kind of layer takes.
package struct Arity: Sendable {
  /// How many bottoms it takes.
  package var bottoms: ClosedRange<Int>
  /// How many tops it gives.
  package var tops: ClosedRange<Int>
  /// One top for each bottom.
  package var oneTopForEachBottom = false

  /// These numbers.
  package init(bottoms: ClosedRange<Int>, tops: ClosedRange<Int>, oneTopForEachBottom: Bool = false) {
    (self.bottoms, self.tops, self.oneTopForEachBottom) = (bottoms, tops, oneTopForEachBottom)
  }
}

/// What distinguishes a kind of layer in the graph.
package struct Traits: Sendable {
  /// Tops carry the loss: weight 1 unless the file says otherwise, tops that are not named are made.
  package var isLoss = false
  /// False for layers that have no derivative; asking for one is an error.
  package var hasBackward = true
  /// Whether a top may have a bottom's name.
  package var inPlace = false
  /// Bottoms that get no gradient even if the net says `force_backward`.
  package var unforcedBottoms: Set<Int> = []
  /// Bottoms that have no gradient, for instance labels: asking for one is an error. -1 is the last one.
  package var bottomsWithoutGradient: Set<Int> = []

  package init() {}

  /// Whether this one of `count` bottoms has a gradient.
  package func hasGradient(bottom: Int, of count: Int) -> Bool {
    !bottomsWithoutGradient.contains(bottom) && !bottomsWithoutGradient.contains(bottom - count)
  }
}

/// What a layer asks of the net: memory, and how its work may be divided.
package struct Plan: Sendable {
  /// How the work may be divided.
  package enum Division: Sendable {
    /// Each image on its own. Blobs and `kept` come as slices; weight gradients are the slice's own, and summed later.
    case images
    /// The whole batch, in parts the layer chooses by `pass.share(of:)`: channels of BatchNorm, rows of InnerProduct.
    case parts
    /// The whole batch in one call.
    case whole
  }

  /// A blob that is learned or gathered, and saved.
  package struct Weight: Sendable {
    /// Its axes.
    package var shape: Shape
    /// Its first values.
    package var filler: Filler
    /// Statistics that the forward pass changes and the solver does not: their `lr_mult` must be 0.
    package var isStatistic = false
    /// Backward replaces the gradient instead of adding to it.
    package var replacesGradient = false
    /// Backward can write the whole gradient instead of adding to it, and does so if the pass says that it starts gradients.
    package var startsGradient = false
    /// How often it is drawn. The first draw counts; Caffe draws for each step of a recurrent layer, and drops the others.
    package var draws = 1

    /// A weight with these properties.
    package init(_ shape: Shape, _ filler: Filler, isStatistic: Bool = false, replacesGradient: Bool = false) {
      (self.shape, self.filler) = (shape, filler)
      (self.isStatistic, self.replacesGradient) = (isStatistic, replacesGradient)
    }
  }

  /// The shapes of the tops.
  package var tops: [Shape]
  /// The blobs of the layer, in the order of the file.
  package var weights: [Weight] = []
  /// How the work may be divided.
  package var division = Division.images
  /// Lives from forward to backward; the first axis is images if the division is.
  package var kept: [Shape] = []
  /// Lives as long as the net, and begins as zeros: what a forward pass leaves to the next one. Never a slice.
  package var state: [Shape] = []
  /// Lives during one call, and holds anything at its start: one per worker.
  package var scratch: [Shape] = []
  /// Lives during one pass, and holds anything at its start: what phases leave to the next ones. All parts share it.
  package var shared: [Shape] = []
  /// How many phases a pass has, one after the other: only of layers that are divided in parts.
  package var forwardPhases = 1, backwardPhases = 1
  /// The tops are the bottom under other names: Split, Reshape, Flatten. They share its memory, not its gradient.
  package var aliases = false
  /// Every channel is computed alone: the layer may be given some of the channels of an image, and of those weights that have an
  /// element for each. Only asked of layers that divide by images, when no backward pass follows.
  package var isByChannel = false
  /// Multiply-adds of one forward pass over the whole batch.
  package var multiplyAdds = 0
  /// Layers that Caffe makes inside of this one, and logs under its name.
  package var innerLayers = 0
  /// Remarks on shapes that Caffe accepts and that are probably a mistake.
  package var warnings: [String] = []

  /// A plan with these properties.
  package init(
    tops: [Shape], weights: [Weight] = [], division: Division = .images, kept: [Shape] = [], scratch: [Shape] = [],
    aliases: Bool = false, multiplyAdds: Int = 0
  ) {
    (self.tops, self.weights, self.division) = (tops, weights, division)
    (self.kept, self.scratch, self.aliases, self.multiplyAdds) = (kept, scratch, aliases, multiplyAdds)
  }
}

extension Plan {
  /// The first shape that is larger than a blob may be, of what the layer has beside its tops.
  var oversized: Shape? { (weights.map(\.shape) + kept + state).first { $0.checkedCount == nil } }
}

/// Bottoms of a shape that the layer cannot take. The graph adds the layer, its place, and the makers of the bottoms.
package struct ShapeError: Error, Sendable {
  /// What was found, what was wanted, what to do.
  package var message: String
  /// The field of the layer's parameters that is at fault, if one is.
  package var location: SourceLocation?

  /// An error about a field, or about the shapes alone.
  package init(_ message: String, at location: SourceLocation? = nil) {
    (self.message, self.location) = (message, location)
  }
}
