import Foundation
import HDF5

/// Numbers that were recorded while another program, such as Caffe, ran a layer or a net: tensors by path, and facts as attributes.
package final class Recording {
  /// The file.
  package let path: String
  private let file: HDF5File

  /// Opens an HDF5 file.
  package init(contentsOf path: String) throws(HDF5Error) {
    self.path = path
    file = try HDF5File(reading: path)
  }

  /// The names in a group such as `top`, sorted; none if there is no such group.
  package func names(in group: String) throws(HDF5Error) -> [String] {
    guard try file.kind(of: group) == .group else { return [] }
    return try file.names(in: group).sorted()
  }

  /// Whether there is a tensor at a path such as `param/0`.
  package func hasTensor(_ path: String) throws(HDF5Error) -> Bool { try file.kind(of: path) == .dataset }

  /// The tensor at a path such as `top/ip1`. Throws if there is none.
  package func tensor(_ path: String) throws(HDF5Error) -> Tensor {
    let shape = Shape(try file.shape(of: path))
    return Tensor(shape, try file.floats(at: path))
  }

  /// The tensors of a group whose names are numbers (`param/0`, `param/1`, ...), in their order.
  package func numbered(in group: String) throws(HDF5Error) -> [Tensor] {
    var tensors: [Tensor] = []
    while try hasTensor("\(group)/\(tensors.count)") { tensors.append(try tensor("\(group)/\(tensors.count)")) }
    return tensors
  }

  /// The text of an attribute of the file, if it has it.
  package func text(_ attribute: String) throws(HDF5Error) -> String? { try file.string(attribute: attribute) }

  /// The number of an attribute of the file, if it has it.
  package func number(_ attribute: String) throws(HDF5Error) -> Double? { try file.number(attribute: attribute) }

  /// The list that an attribute of the file holds as JSON, if it has it: `layer_names`, `layer_bottoms`.
  package func list<Element: Decodable>(_ attribute: String, of type: Element.Type = Element.self) throws -> [Element]?
  {
    guard let text = try text(attribute) else { return nil }
    return try JSONDecoder().decode([Element].self, from: Foundation.Data(text.utf8))
  }
}
