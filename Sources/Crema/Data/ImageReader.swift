import Images
import Prototxt

/// Decodes the images of a list, in its order or shuffled, over and over, and makes batches of them.
///
/// It is opened, used and closed on one thread.
struct ImageReader: ~Copyable, PrefetchSource {
  /// What a reader is told; crosses to its thread.
  struct Job: Sendable {
    var files: ImageFiles
    var transformer: Transformer
    /// Channels, height and width of the first image, transformed. Each batch has the shape of its own first image.
    var shape: [Int]
    var batchSize: Int
    /// How many images are left out in the first round.
    var skipped: Int
    /// Seeds the stream of mirrors and crops.
    var seed: UInt32?
    /// Seeds the stream that shuffles the list at the start and after each round; nil: its order stays.
    var shuffleSeed: UInt32?
    var environment: InputEnvironment
    var pool: BatchPool
  }

  private let job: Job
  private let random: RandomStream?
  private let shuffling: RandomStream?
  /// The places in the list, in the order in which they are used.
  private var order: [UInt32]
  private var position: Int

  init(_ job: Job) {
    self.job = job
    random = job.seed.map { RandomStream(seed: $0) }
    shuffling = job.shuffleSeed.map { RandomStream(seed: $0) }
    order = Array(0..<UInt32(job.files.list.entries.count))
    position = job.skipped
    shuffling?.shuffle(&order)
  }

  mutating func next() throws(Diagnostic) -> Batch {
    var batch = job.pool.take() ?? Batch(images: job.batchSize, shape: job.shape)
    batch.events = InputEvents()
    for item in 0..<job.batchSize {
      try read(Int(order[position]), item, into: &batch)
      position += 1
      guard position == order.count else { continue }
      position = 0
      shuffling?.shuffle(&order)
    }
    return batch
  }

  /// Transforms an image of the list into the batch.
  private func read(_ index: Int, _ item: Int, into batch: inout Batch) throws(Diagnostic) {
    let image = try job.files.image(index, job.environment)
    do throws(Diagnostic) {
      if item == 0 { batch.reshape(try job.transformer.shape(Picture(image))) }
      let (shape, start) = (batch.shape, item * batch.shape.reduce(1, *))
      var data = batch.data.mutableSpan
      try job.transformer.write(image, shape, into: &data, at: start, random, "set new_height and new_width")
    } catch { throw job.files.error(index, error) }
    batch.labels[item] = Float(job.files.list.entries[index].label)
  }
}

/// The images of a list as a layer wants them.
struct ImageFiles: Sendable {
  var list: ImageList
  /// Where the list is.
  var path: String
  /// What is put before each name.
  var folder: String
  var isColor: Bool
  /// The size that every image gets; nil: its own.
  var size: (height: Int, width: Int)?
  /// The field that names the list.
  var location: SourceLocation?

  /// Decodes and resizes the image in a line of the list, counted from 0. Damaged images are reported.
  ///
  /// - Throws: an image that is missing or cannot be decoded, with its line.
  func image(_ index: Int, _ environment: InputEnvironment) throws(Diagnostic) -> Image {
    let path = folder + list.entries[index].path
    do throws(ImageError) {
      let image = try Image(contentsOf: path, mode: isColor ? .color : .gray)
      environment.report(image.damage, of: "image '\(path)'")
      guard let size else { return image }
      return try image.resized(width: size.width, height: size.height)
    } catch { throw self.error(index, Diagnostic("\(error)"), names: false) }
  }

  /// An error about an image, at its line of the list.
  ///
  /// - Parameter names: whether the image's name has to be added.
  func error(_ index: Int, _ error: Diagnostic, names: Bool = true) -> Diagnostic {
    let name = names ? "image '\(folder + list.entries[index].path)': " : ""
    let text = try? SourceText(contentsOf: path)
    var notes = error.notes
    if let place = error.location ?? location {
      notes.append(Diagnostic("asked for here", at: place, severity: .note))
    }
    guard let text else {
      return Diagnostic("list '\(path)', line \(index + 1): \(name)\(error.message)", at: location, notes: error.notes)
    }
    return Diagnostic(name + error.message, at: SourceLocation(source: text, line: index + 1, column: 1), notes: notes)
  }
}
