import HDF5
import Prototxt

/// Writes its bottoms into an HDF5 file, one batch, as the datasets `data` and `label` of four axes.
///
/// - bottoms: the data and the labels, as many, of four axes at most: missing ones are 1.
/// - state: whether the file is written.
package struct HDF5Output: Layer {
  package static let type = "HDF5Output"
  package static let arity = Arity(bottoms: 2...2, tops: 0...0)

  private let path: String

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("hdf5_output_param")
    path = parameters.string("file_name")
    guard !path.isEmpty else { throw parameters.error("file_name", "file_name is missing: the file to write") }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    for (index, bottom) in bottoms.enumerated() where bottom.rank > 4 {
      throw ShapeError("bottom \(index) must have 4 axes at most, and it has \(bottom.axesText)")
    }
    guard bottoms[0].axes.first ?? 1 == bottoms[1].axes.first ?? 1 else {
      throw ShapeError("both bottoms must have as many images: data has \(bottoms[0]), the labels \(bottoms[1])")
    }
    var plan = Plan(tops: [], division: .whole)
    plan.state = [[1]]
    return plan
  }

  package func forward(_ pass: Pass) {
    guard pass.state[0].values == [0] else {
      return pass.fail(
        "'\(path)' holds the first batch, and there is room for one: as in Caffe, HDF5Output writes one forward pass; "
          + "run one iteration, or use extract_features for more")
    }
    do throws(Diagnostic) {
      try replaceFile(at: path) { temporary throws(Diagnostic) in try write(pass.bottoms.map(\.data), to: temporary) }
      pass.state[0].fill(1)
    } catch { pass.fail(error.message) }
  }

  private func write(_ tensors: [Tensor], to temporary: String) throws(Diagnostic) {
    do {
      let file = try HDF5File(creating: temporary)
      for (name, tensor) in zip(["data", "label"], tensors) {
        let axes = tensor.shape.axes + Array(repeating: 1, count: 4 - tensor.shape.rank)
        try file.write(tensor.values, shape: axes, to: name)
      }
      try file.close()
    } catch { throw Diagnostic("cannot write '\(path)': \(error)") }
  }
}
