import HDF5
import Prototxt

/// Rows of HDF5 files: images of any shape, labels, whatever a net needs.
///
/// - tops: one or more, each the rows of the dataset that has its name: batch x the shape of a row.
package struct HDF5Data: SourceLayer {
  package static let type = "HDF5Data"
  package static let arity = Arity(bottoms: 0...0, tops: 1...Int.max)

  private let parameters: Message
  private let source: String
  private let batchSize: Int
  private let tops: [String]
  private let phase: Phase

  package init(_ fields: Fields) throws(Diagnostic) {
    parameters = fields.parameters("hdf5_data_param")
    (source, batchSize) = (parameters.string("source"), parameters.int("batch_size"))
    (tops, phase) = (fields.tops, fields.phase)
    guard !fields.message.has("transform_param") else {
      throw fields.message.error(
        "transform_param",
        "HDF5Data does not transform data; remove transform_param, and store the rows as they are wanted")
    }
    guard !source.isEmpty else {
      throw parameters.error("source", "source is missing: the path of a text that lists HDF5 files")
    }
    guard batchSize > 0 else { throw parameters.error("batch_size", "batch_size must be at least 1, not \(batchSize)") }
  }

  private var location: SourceLocation? { parameters.location(of: "source") }

  /// The files of the list, separated by white space, where they are found.
  private func files(_ environment: InputEnvironment) throws(Diagnostic) -> [String] {
    let list = try environment.resolve(source, "list of HDF5 files", at: location)
    let text = try SourceText(contentsOf: list)
    guard !text.isBinary else {
      throw parameters.error("source", "'\(source)' is no text; the path of a text that lists HDF5 files is wanted")
    }
    let names = String(decoding: text.bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard !names.isEmpty else {
      throw parameters.error("source", "Must have at least 1 HDF5 filename listed in '\(source)'; it is empty")
    }
    var files: [String] = []
    for name in names { files.append(try environment.resolve(String(name), "HDF5 file", at: location)) }
    return files
  }

  package func probe(_ environment: InputEnvironment, log: Log) throws(Diagnostic) -> [Shape] {
    log.info("hdf5_data_layer.cpp", 81, "Loading list of HDF5 filenames from: \(source)")
    let files = try files(environment)
    log.info("hdf5_data_layer.cpp", 95, "Number of HDF5 files: \(files.count)")
    let first = try HDF5Rows(files[0], tops, isRandom: false, at: location)
    for kind in first.classes { HDF5Log.note(kind, log) }
    return first.rowShapes.map { Shape([batchSize] + $0.axes) }
  }

  package func open(
    _ environment: InputEnvironment, shapes: [Shape], random: RandomStream, log: Log
  ) throws(Diagnostic) -> any InputSource {
    let isDealt = phase == .train
    return try HDF5Source(
      HDF5Source.Job(
        files: try files(environment), names: tops, shapes: shapes, shuffles: parameters.bool("shuffle"),
        rank: isDealt ? environment.rank : 0, ranks: isDealt ? environment.ranks : 1, random: environment.unseeded,
        location: location))
  }
}
