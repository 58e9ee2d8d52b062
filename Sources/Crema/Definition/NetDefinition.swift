import Prototxt

/// A net as a file describes it: a NetParameter of the current form, with the places of its fields.
public struct NetDefinition: Sendable {
  /// The NetParameter, after all upgrades.
  public let message: Message
  /// Remarks on the file.
  public let warnings: [Diagnostic]

  /// Reads and upgrades a prototxt file.
  ///
  /// - Parameters:
  ///   - permissive: unknown fields are warnings instead of errors.
  ///   - catalog: if given, unknown fields of layers whose type it does not have are warnings.
  ///   - log: takes Caffe's lines on upgrades.
  /// - Throws: all syntax errors, wrong types and unknown fields of the file together, but for the fields of layers that only forks
  ///   of Caffe have: building the graph refuses these layers.
  public init(
    contentsOf path: String, permissive: Bool = false, sparingLayersOutside catalog: LayerCatalog? = nil,
    log: Log = .silent
  ) throws(DiagnosticList) {
    let result = try TextParser.parse(contentsOf: path, as: CaffeSchema.net)
    try result.check(is: .net)
    let warnings = try result.judge(permissive: permissive, sparingLayersOutside: catalog, leavesForks: true)
    message = try listing { () throws(Diagnostic) in try Upgrade.net(result.message, file: path, log: log) }
    self.warnings = warnings
  }

  /// A net that is given as a message, for instance inline in a solver; it is not upgraded.
  public init(_ message: Message, warnings: [Diagnostic] = []) {
    (self.message, self.warnings) = (message, warnings)
  }
}

extension NetDefinition {
  /// The same net with another first axis of every Input layer's shapes: the number of images in a batch.
  public func taking(images: Int) -> NetDefinition {
    var changed = message
    changed.set(
      "layer",
      message.messages("layer").map { layer in
        guard layer.string("type") == "Input" else { return layer }
        var (layer, parameters) = (layer, layer.message("input_param"))
        parameters.set(
          "shape",
          parameters.messages("shape").map { shape in
            var shape = shape
            shape.set("dim", [images] + shape.ints("dim").dropFirst())
            return shape
          })
        layer.set("input_param", parameters)
        return layer
      })
    return NetDefinition(changed, warnings: warnings)
  }
}

/// Runs code that throws one diagnostic where a list is expected.
func listing<Result>(_ body: () throws(Diagnostic) -> Result) throws(DiagnosticList) -> Result {
  do { return try body() } catch { throw DiagnosticList([error]) }
}
