import HDF5
import Prototxt

/// A .caffemodel.h5: a group for each layer below `/data`, with datasets named 0, 1, and so on.
///
/// A layer `a/b` is a group `b` in the group `a`: of a group's links, those named by numbers are its blobs and
/// groups are further layers.
package final class HDF5WeightsReader: WeightsSource {
  package let path: String
  package let name = ""
  package private(set) var layers: [StoredLayer] = []
  private let file: HDF5File

  /// Opens a file.
  ///
  /// - Throws: what is wrong with it, or what it is, if it holds no weights.
  package init(_ path: String) throws(Diagnostic) {
    self.path = path
    let file = try diagnosing { () throws(HDF5Error) in try HDF5File(reading: path) }
    self.file = file
    let (data, history) = try diagnosing { () throws(HDF5Error) in
      (try file.kind(of: "data"), try file.kind(of: "history"))
    }
    guard data == .group else {
      if history == .group {
        throw Diagnostic(
          "'\(path)' is a solver state (.solverstate.h5), not weights; \(FileKind.solverState.advice)")
      }
      let found =
        data == nil ? "has no group 'data'" : "has a dataset 'data', as HDF5Data reads it, where a group is wanted"
      throw Diagnostic(
        "'\(path)' is HDF5, but \(found): it holds no weights of Caffe; give a .caffemodel.h5 or .caffemodel")
    }
    try collect("data", name: "", depth: 0)
    guard !layers.isEmpty else { throw Diagnostic("'\(path)' holds no layers: its group 'data' is empty") }
  }

  private static let deepest = 32

  private func collect(_ group: String, name: String, depth: Int) throws(Diagnostic) {
    guard depth < Self.deepest else {
      throw Diagnostic(
        "'\(path)': groups are nested more than \(Self.deepest) deep; the file is damaged, or holds no weights of Caffe"
      )
    }
    var blobs: [StoredBlob] = [], groups: [String] = []
    try diagnosing { () throws(HDF5Error) in
      for link in try file.names(in: group) {
        let kind = try file.kind(of: "\(group)/\(link)")
        if let index = Int(link), index >= 0, String(index) == link, kind == .dataset {
          blobs.append(try blob(index, at: "\(group)/\(link)"))
        } else if kind == .group {
          groups.append(link)
        }
      }
    }
    if depth > 0 { layers.append(StoredLayer(name: name, type: nil, blobs: blobs.sorted { $0.index < $1.index })) }
    for link in groups {
      try collect("\(group)/\(link)", name: depth == 0 ? link : "\(name)/\(link)", depth: depth + 1)
    }
  }

  private func blob(_ index: Int, at place: String) throws(HDF5Error) -> StoredBlob {
    let shape = Shape(try file.shape(of: place)), gradients = "diff" + place.dropFirst("data".count)
    var hasGradients = try file.kind(of: gradients) == .dataset
    if hasGradients { hasGradients = try file.shape(of: gradients) == shape.axes }
    return StoredBlob(
      index: index, shape: shape, count: shape.count, gradientCount: hasGradients ? shape.count : 0,
      place: .datasets(values: place, gradients: hasGradients ? gradients : nil))
  }

  private func place(_ blob: StoredBlob, _ part: StoredBlob.Part) -> String {
    guard case .datasets(let values, let gradients) = blob.place, let name = part == .values ? values : gradients else {
      preconditionFailure("a blob of another file, or without gradients")
    }
    return name
  }

  package func read(_ blob: StoredBlob, _ part: StoredBlob.Part, into tensor: Tensor) throws(Diagnostic) {
    let name = place(blob, part)
    try diagnosing { () throws(HDF5Error) in
      try unsafe tensor.withMemory { numbers throws(HDF5Error) in try unsafe file.read(name, into: numbers) }
    }
  }

  package func tensor(_ blob: StoredBlob, _ part: StoredBlob.Part) throws(Diagnostic) -> Tensor {
    let name = place(blob, part)
    return Tensor(blob.shape, try diagnosing { () throws(HDF5Error) in try file.floats(at: name) })
  }

  /// What the first dataset holds, for the log.
  func firstClass() throws(Diagnostic) -> HDF5ElementClass? {
    guard case .datasets(let name, _)? = layers.lazy.flatMap(\.blobs).first?.place else { return nil }
    return try diagnosing { () throws(HDF5Error) in try file.elementClass(of: name) }
  }
}

extension OutgoingWeights {
  /// Writes Caffe's layout; shared blobs stand only in the layer that owns them, gradients in every layer.
  func writeHDF5(to path: String, name file: String) throws(Diagnostic) {
    try checkNames(file)
    let output = try diagnosing(path, as: file) { () throws(HDF5Error) in try HDF5File(creating: path) }
    let hasGradients = layers.contains { $0.blobs.contains(where: \.hasGradients) }
    let roots = hasGradients ? ["data", "diff"] : ["data"]
    for root in roots { try diagnosing(path, as: file) { () throws(HDF5Error) in try output.makeGroup(root) } }
    let behind = WriteBehind(path)
    for layer in layers { try write(layer, to: output, roots, behind, path, file) }
    try diagnosing(path, as: file) { () throws(HDF5Error) in try output.close() }
  }

  private func write(
    _ layer: Layer, to output: HDF5File, _ roots: [String], _ behind: WriteBehind, _ path: String, _ file: String
  ) throws(Diagnostic) {
    let name = layer.definition.string("name")
    guard Self.isPossible(name) else { return }
    for root in roots {
      try diagnosing(path, as: file) { () throws(HDF5Error) in
        let group = "\(root)/\(name)"
        if try output.kind(of: group) == nil { try output.makeGroup(group, intermediates: true) }
      }
    }
    for (index, blob) in layer.blobs.enumerated() {
      for (root, part) in zip(roots, [StoredBlob.Part.values, .gradients]) {
        guard part == .values ? blob.isOwned : blob.hasGradients else { continue }
        try blob.withFloats(part) { floats throws(Diagnostic) in
          try diagnosing(path, as: file) { () throws(HDF5Error) in
            try output.write(
              floats: floats, shape: blob.shape.axes, to: "\(root)/\(name)/\(index)", willWrite: behind.willWrite)
          }
        }
      }
    }
  }

  /// Whether a group can have this name, and is found again by it.
  private static func isPossible(_ name: String) -> Bool {
    let steps = name.split(separator: "/", omittingEmptySubsequences: false)
    return steps.allSatisfy { !$0.isEmpty && $0 != "." } && !name.utf8.contains(0)
  }

  private func checkNames(_ file: String) throws(Diagnostic) {
    var blobs: [String: Int] = [:]
    for layer in layers where !layer.blobs.isEmpty {
      let name = layer.definition.string("name")
      guard Self.isPossible(name) else {
        throw Diagnostic(
          "cannot write '\(file)': '\(name)' cannot be the name of an HDF5 group; rename the layer, or "
            + "write a .caffemodel",
          at: layer.definition.location(of: "name"))
      }
      guard blobs.updateValue(layer.blobs.count, forKey: name) == nil else {
        throw Diagnostic(
          "cannot write '\(file)': two layers are named '\(name)', which HDF5 cannot hold; rename one, or "
            + "write a .caffemodel",
          at: layer.definition.location(of: "name"))
      }
    }
    for name in layers.map({ $0.definition.string("name") }) {
      guard let slash = name.lastIndex(of: "/"), let index = Int(name[name.index(after: slash)...]),
        let count = blobs[String(name[..<slash])], (0..<count).contains(index)
      else { continue }
      throw Diagnostic(
        "cannot write '\(file)': in HDF5 layer '\(name)' would take the place of blob \(index) of layer "
          + "'\(name[..<slash])'; rename it, or write a .caffemodel")
    }
  }
}

extension Tensor {
  /// Writes the numbers as a dataset.
  func writing(to file: HDF5File, shape: Shape, name: String) throws(HDF5Error) {
    try unsafe withMemory { numbers throws(HDF5Error) in
      try unsafe file.write(Span(_unsafeElements: UnsafeBufferPointer(numbers)), shape: shape.axes, to: name)
    }
  }
}

/// Runs code that fails with an `HDF5Error` where a diagnostic is expected.
func diagnosing<Result>(_ body: () throws(HDF5Error) -> Result) throws(Diagnostic) -> Result {
  do { return try body() } catch { throw Diagnostic(error.description) }
}

/// The same for a temporary file, which errors call by the name of the file that it will be.
func diagnosing<Result>(
  _ temporary: String, as file: String, _ body: () throws(HDF5Error) -> Result
) throws(Diagnostic) -> Result {
  do { return try body() } catch {
    throw Diagnostic(error.description.replacing("'\(temporary)'", with: "'\(file)'"))
  }
}
