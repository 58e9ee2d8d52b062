import Images
import Prototxt

/// Draws windows of the background and of the foreground, and makes batches of them.
///
/// It is opened, used and closed on one thread.
struct WindowReader: ~Copyable, PrefetchSource {
  /// What a reader is told; crosses to its thread.
  struct Job: Sendable {
    var file: WindowFile
    /// What is put before the path of each image.
    var folder: String
    /// Holds the bytes of all image files in memory.
    var caches: Bool
    var rule: WindowPlacement.Rule
    var mirrors: Bool
    var scale: Float
    /// One value for each channel, if there is no mean image.
    var meanValues: [Float]
    /// At least as large as the crop, whose middle it is used from.
    var mean: MeanImage?
    var batchSize: Int
    /// How many windows of a batch are of the foreground; they come last.
    var foreground: Int
    /// Seeds the stream of windows and mirrors.
    var seed: UInt32
    var environment: InputEnvironment
    var pool: BatchPool
    /// The field that names the file.
    var location: SourceLocation?

    /// The shape of an image of the batch.
    var shape: [Int] { [WindowReader.channels, rule.crop, rule.crop] }
  }

  /// Images are decoded in colour.
  static let channels = 3

  private let job: Job
  private let random: RandomStream
  private let held: [[UInt8]]

  init(_ job: Job) throws(Diagnostic) {
    self.job = job
    random = RandomStream(seed: job.seed)
    var held: [[UInt8]] = []
    if job.caches {
      for image in job.file.images {
        do throws(Diagnostic) {
          held.append(try MappedFile(job.folder + image.path).withBytes { [UInt8](copying: $0) })
        } catch { throw job.file.error(error.message, at: image.offset) }
      }
    }
    self.held = held
  }

  mutating func next() throws(Diagnostic) -> Batch {
    var batch = job.pool.take() ?? Batch(images: job.batchSize, shape: job.shape)
    batch.events = InputEvents()
    for item in 0..<job.batchSize {
      let windows = item < job.batchSize - job.foreground ? job.file.background : job.file.foreground
      let window = windows[Int(random.draw()) % windows.count]
      let isMirrored = job.mirrors && random.draw() % 2 == 1
      let image = try image(Int(window.image))
      let placement = WindowPlacement(
        window, width: image.width, height: image.height, job.rule, isMirrored: isMirrored)
      guard let placement else {
        throw error(
          "the window \(window.x1) \(window.y1) \(window.x2) \(window.y2) (x1 y1 x2 y2) lies outside of image "
            + "'\(job.folder + job.file.images[Int(window.image)].path)', which is \(image.width)x\(image.height) "
            + "(width x height), or shows nothing of it", at: window.offset)
      }
      let cut: Image
      do { cut = try image.resized(placement.region, width: placement.width, height: placement.height) } catch {
        throw self.error("\(error)", at: window.offset)
      }
      write(cut, placement, isMirrored, item, into: &batch)
      batch.labels[item] = Float(window.label)
    }
    return batch
  }

  private func error(_ message: String, at offset: Int) -> Diagnostic {
    let asked = job.location.map { Diagnostic("asked for here", at: $0, severity: .note) }
    return job.file.error(message, at: offset, notes: asked.map { [$0] } ?? [])
  }

  private func image(_ index: Int) throws(Diagnostic) -> Image {
    let entry = job.file.images[index], path = job.folder + entry.path
    do throws(ImageError) {
      let image = try held.isEmpty ? Image(contentsOf: path) : decoded(held[index])
      job.environment.report(image.damage, of: "image '\(path)'")
      return image
    } catch {
      let name = error.file.isEmpty ? "'\(path)': " : ""
      throw self.error("\(name)\(error)", at: entry.offset)
    }
  }

  private func decoded(_ bytes: [UInt8]) throws(ImageError) -> Image { try unsafe Image(bytes: bytes.span.bytes) }

  /// Writes what was cut out as an image of the batch: `(value - mean) * scale`, zero around it.
  private func write(
    _ image: Image, _ placement: WindowPlacement, _ isMirrored: Bool, _ item: Int, into batch: inout Batch
  ) {
    let crop = job.rule.crop, channels = image.channels
    let start = item * channels * crop * crop
    var data = batch.data.mutableSpan
    for i in start..<start + channels * crop * crop { data[i] = 0 }
    let pixels = image.pixels.span, means = job.mean?.values
    for channel in 0..<channels {
      let constant = job.meanValues.isEmpty ? 0 : job.meanValues[job.meanValues.count == 1 ? 0 : channel]
      for row in 0..<image.height {
        let target = start + (channel * crop + row + placement.top) * crop + placement.left
        let source = row * image.width * channels + channel
        let mean = job.mean.map { $0.middle(channel, row + placement.top, placement.left, of: crop) } ?? 0
        for column in 0..<image.width {
          let place = isMirrored ? image.width - 1 - column : column
          let value = Float(pixels[source + place * channels])
          data[target + column] = (value - (means?[mean + column] ?? constant)) * job.scale
        }
      }
    }
  }
}

extension MeanImage {
  /// The place of a value in the middle of the image, which is cut off by the same number of columns and rows, that of columns.
  fileprivate func middle(_ channel: Int, _ row: Int, _ column: Int, of crop: Int) -> Int {
    let offset = (width - crop) / 2
    return (channel * height + row + offset) * width + column + offset
  }
}
