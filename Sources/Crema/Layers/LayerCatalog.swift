import Prototxt

/// The layer types that a net may use, by the name that the file gives them.
public struct LayerCatalog: Sendable {
  private let layers: [String: any Layer.Type]

  /// A catalog of the given layers, whose type names must differ.
  package init(_ layers: [any Layer.Type]) {
    self.layers = Dictionary(uniqueKeysWithValues: layers.map { ($0.type, $0) })
  }

  /// The layers of this library: to add one, write its file and name it here.
  public static let standard = LayerCatalog([])

  /// This catalog and one more layer, perhaps your own.
  package func adding(_ layer: any Layer.Type) -> LayerCatalog {
    LayerCatalog(layers.values.filter { $0.type != layer.type } + [layer])
  }

  /// The type names, sorted.
  public var types: [String] { layers.keys.sorted() }

  /// The layer type of this name, if the catalog has it.
  package subscript(_ type: String) -> (any Layer.Type)? { layers[type] }
}
