import Prototxt

/// Batches of what a program gave last, over and over.
final class MemorySource: InputSource {
  private let batch: Shape
  private let transformer: Transformer
  private let random: RandomStream?
  private var images: [Float] = []
  private var labels: [Float] = []
  private var position = 0
  /// Whether datums were given that no batch has come to the end of.
  private var isFresh = false

  init(_ batch: Shape, _ transformer: Transformer, _ random: RandomStream?) {
    (self.batch, self.transformer, self.random) = (batch, transformer, random)
  }

  /// Replaces the data; it is not transformed.
  ///
  /// - Throws: numbers of images that are no multiple of the batch.
  func reset(images: [Float], labels: [Float]) throws(Diagnostic) {
    let size = batch.count(from: 1)
    guard !labels.isEmpty, labels.count.isMultiple(of: batch[0]), images.count == labels.count * size else {
      throw Diagnostic(
        "\(images.count) values and \(labels.count) labels are given; images of \(size) values are wanted, as many as labels, "
          + "and a multiple of the batch size, which is \(batch[0])")
    }
    (self.images, self.labels, position, isFresh) = (images, labels, 0, false)
  }

  /// Replaces the data by transformed datums.
  ///
  /// - Throws: numbers of datums that are no multiple of the batch, or a datum that does not fit.
  func add(_ datums: [[UInt8]]) throws(Diagnostic) {
    guard !isFresh else { throw Diagnostic("Can't add data until current data has been consumed") }
    guard !datums.isEmpty, datums.count.isMultiple(of: batch[0]) else {
      throw Diagnostic(
        "The added data must be a multiple of the batch size, which is \(batch[0]); \(datums.count) datums are given")
    }
    let size = batch.count(from: 1)
    var images = Array(repeating: Float(0), count: datums.count * size), labels: [Float] = [], floats: [Float] = []
    for (index, bytes) in datums.enumerated() {
      do throws(Diagnostic) {
        let datum = try Datum(bytes.span)
        var numbers = images.mutableSpan
        let opened = try transformer.opened(datum, bytes.span)
        try transformer.write(
          opened, datum, bytes.span, Array(batch.axes.dropFirst()), into: &numbers, at: index * size, &floats, random)
        labels.append(Float(datum.label))
      } catch { throw Diagnostic("datum \(index): \(error.message)", at: error.location, notes: error.notes) }
    }
    try reset(images: images, labels: labels)
    isFresh = true
  }

  func shapes() throws(Diagnostic) -> [Shape]? {
    guard !labels.isEmpty else {
      throw Diagnostic(
        "it has no data: MemoryDataLayer needs to be initialized by calling Reset. A program gives it data by Net.feed; for "
          + "the command line, use a layer that reads files, such as Data or HDF5Data")
    }
    return [batch, [batch[0], 1, 1, 1]]
  }

  func next(into tops: [Tensor], on workers: Workers) throws(Diagnostic) -> InputEvents {
    let size = batch.count(from: 1), range = position..<position + batch[0]
    tops[0].copy(Array(images[range.lowerBound * size..<range.upperBound * size]))
    tops[1].copy(Array(labels[range]))
    position = range.upperBound % labels.count
    if position == 0 { isFresh = false }
    return InputEvents()
  }
}

extension Net {
  /// Gives a MemoryData layer images and labels, which replace what it has. They are used batch after batch, again from the start
  /// when they come to their end.
  ///
  /// - Parameters:
  ///   - images: all values, image after image in C order; they are not transformed.
  ///   - labels: one for each image; as many as a multiple of the batch size.
  /// - Throws: numbers that do not fit the layer, or a layer that is no MemoryData.
  public func feed(_ layer: String, images: [Float], labels: [Float]) throws(Diagnostic) {
    try memorySource(of: layer) { source throws(Diagnostic) in try source.reset(images: images, labels: labels) }
  }

  /// Gives a MemoryData layer datums, the records of a database, which it transforms.
  ///
  /// - Parameter datums: as many as a multiple of the batch size; those before must have been used up.
  /// - Throws: datums that do not fit the layer, or a layer that is no MemoryData.
  public func feed(_ layer: String, datums: [[UInt8]]) throws(Diagnostic) {
    try memorySource(of: layer) { source throws(Diagnostic) in try source.add(datums) }
  }

  private func memorySource(
    of layer: String, _ body: (MemorySource) throws(Diagnostic) -> Void
  ) throws(Diagnostic) {
    guard let node = graph.node(layer) else { throw Diagnostic("the net has no layer '\(layer)'") }
    guard let source = source(of: node) as? MemorySource else {
      throw Graph.error(in: graph.nodes[node].definition, "takes no data from a program; only MemoryData does")
    }
    do throws(Diagnostic) { try body(source) } catch {
      throw Graph.error(in: graph.nodes[node].definition, error.message, at: error.location, notes: error.notes)
    }
  }
}
