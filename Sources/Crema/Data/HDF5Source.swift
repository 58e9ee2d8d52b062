import HDF5
import Prototxt

/// The rows of HDF5 files, one after the other or shuffled, over and over. Files are read as their rows are used.
final class HDF5Source: InputSource {
  /// What a source is told.
  struct Job {
    /// The files, in the order of the list.
    var files: [String]
    /// The names of the datasets, one for each top.
    var names: [String]
    /// The shapes of the tops.
    var shapes: [Shape]
    var shuffles: Bool
    var rank = 0
    /// Rows are dealt out in turn among so many ranks.
    var ranks = 1
    var random: UnseededRandom
    var location: SourceLocation?
  }

  private let job: Job
  private var order: [Int]
  private var current = 0
  private var file: HDF5Rows
  private var permutation: [Int] = []
  private var row = 0
  private var position = 0
  /// Rows that follow each other and are still to be read, and the image of the batch that the first one is for.
  private var run = (rows: 0..<0, image: 0)

  /// Opens the first file, and shuffles as Caffe does: the files, then the rows of the first one.
  init(_ job: Job) throws(Diagnostic) {
    self.job = job
    var order = Array(job.files.indices)
    if job.shuffles { job.random.shuffle(&order) }
    self.order = order
    file = try HDF5Source.open(order[0], job)
    newPermutation()
  }

  private static func open(_ index: Int, _ job: Job) throws(Diagnostic) -> HDF5Rows {
    let file = try HDF5Rows(job.files[index], job.names, isRandom: job.shuffles, at: job.location)
    for (name, (found, wanted)) in zip(job.names, zip(file.rowShapes, job.shapes))
    where found.axes != Array(wanted.axes.dropFirst()) {
      throw Diagnostic(
        "HDF5 '\(job.files[index])': a row of '\(name)' is \(found), but those of the first file are "
          + "\(Shape(Array(wanted.axes.dropFirst()))); the files of a list must have rows of one shape",
        at: job.location)
    }
    return file
  }

  func next(into tops: [Tensor], on workers: Workers) throws(Diagnostic) -> InputEvents {
    for image in 0..<tops[0].shape[0] {
      while position % job.ranks != job.rank { try advance(tops) }
      let next = permutation[row]
      if !run.rows.isEmpty, next == run.rows.upperBound {
        run.rows = run.rows.lowerBound..<next + 1
      } else {
        try readRun(into: tops)
        run = (next..<next + 1, image)
      }
      try advance(tops)
    }
    try readRun(into: tops)
    return InputEvents()
  }

  /// Reads the rows that are waiting.
  private func readRun(into tops: [Tensor]) throws(Diagnostic) {
    try file.read(run.rows, into: tops, at: run.image)
    run.rows = 0..<0
  }

  /// Moves to the next row, if need be of the next file.
  private func advance(_ tops: [Tensor]) throws(Diagnostic) {
    position += 1
    row += 1
    guard row == file.count else { return }
    try readRun(into: tops)
    row = 0
    if job.files.count > 1 {
      current += 1
      if current == job.files.count {
        current = 0
        if job.shuffles { job.random.shuffle(&order) }
      }
      file = try HDF5Source.open(order[current], job)
      newPermutation()
    }
    if job.shuffles { job.random.shuffle(&permutation) }
  }

  private func newPermutation() {
    permutation = Array(0..<file.count)
    if job.shuffles { job.random.shuffle(&permutation) }
  }
}

/// Datasets of one HDF5 file that have as many rows.
struct HDF5Rows {
  /// The number of rows.
  let count: Int
  /// The shape of a row of each dataset.
  let rowShapes: [Shape]
  /// What the elements of each dataset are.
  let classes: [HDF5ElementClass]
  private let datasets: [HDF5Dataset]
  /// The whole of a dataset that cannot be read well in any order, because its rows lie in pieces.
  private let held: [Tensor?]
  private let location: SourceLocation?

  /// - Parameter isRandom: rows are not read in their order.
  init(_ path: String, _ names: [String], isRandom: Bool, at location: SourceLocation?) throws(Diagnostic) {
    self.location = location
    var datasets: [HDF5Dataset] = []
    do {
      let file = try HDF5File(reading: path)
      for name in names { datasets.append(try HDF5Dataset(name, in: file)) }
    } catch { throw Diagnostic("\(error)", at: location) }
    count = datasets[0].rows
    for (name, dataset) in zip(names, datasets) where dataset.rows != count || count == 0 {
      throw Diagnostic(
        count == 0
          ? "HDF5 '\(path)': '\(names[0])' has no rows"
          : "HDF5 '\(path)': '\(name)' has \(dataset.rows) rows, but '\(names[0])' has \(count); all tops need as many",
        at: location)
    }
    self.datasets = datasets
    rowShapes = datasets.map { Shape(Array($0.shape.dropFirst())) }
    classes = datasets.map(\.elementClass)
    var held: [Tensor?] = []
    for dataset in datasets {
      guard isRandom, dataset.isChunked else {
        held.append(nil)
        continue
      }
      let whole = Tensor(Shape(dataset.shape))
      try Self.read(dataset, 0..<count, into: whole, at: location)
      held.append(whole)
    }
    self.held = held
  }

  /// Copies rows that follow each other into the images of the tops from `image` on.
  func read(_ rows: Range<Int>, into tops: [Tensor], at image: Int) throws(Diagnostic) {
    guard !rows.isEmpty else { return }
    for (index, top) in tops.enumerated() {
      let target = top.images(image..<image + rows.count)
      if let whole = held[index] {
        target.copy(whole.images(rows))
      } else {
        try Self.read(datasets[index], rows, into: target, at: location)
      }
    }
  }

  private static func read(
    _ dataset: HDF5Dataset, _ rows: Range<Int>, into tensor: Tensor, at location: SourceLocation?
  ) throws(Diagnostic) {
    do {
      try unsafe tensor.withMemory { memory throws(HDF5Error) in try unsafe dataset.read(rows: rows, into: memory) }
    } catch { throw Diagnostic("\(error)", at: location) }
  }
}
