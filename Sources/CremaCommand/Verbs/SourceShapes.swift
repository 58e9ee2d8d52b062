import Crema
import Prototxt

extension ModelOptions {
  /// The graph of a file, whose data need not be there. Layers that cannot be computed are nodes without shapes.
  ///
  /// - Parameter inputShape: the shape of what data layers give; nil to read it from the data or to assume it.
  /// - Throws: everything that is wrong with the text, or the first thing that is wrong with the net.
  func graph(_ path: String, phase: Phase, inputShape: Shape? = nil) throws -> Graph {
    try definitionAndGraph(path, phase: phase, inputShape: inputShape).graph
  }

  /// The same, and the definition as the file has it.
  ///
  /// - Parameter acceptsMissingData: a data layer whose shape nobody knows is a node without shapes, not an error.
  func definitionAndGraph(
    _ path: String, phase: Phase, inputShape: Shape?, acceptsMissingData: Bool = false
  ) throws -> (definition: NetDefinition, graph: Graph) {
    var building = GraphBuilder.Options()
    (building.environment, building.acceptsOpaque) = (environment, true)
    let definition = try NetDefinition(
      contentsOf: path, permissive: permissive, sparingLayersOutside: building.catalog)
    let state = state(of: definition.message, phase: phase)
    let sources = SourceShapes(given: inputShape, building: building)
    let whole = try ReplaceSources.apply(
      definition, state: state, catalog: building.catalog
    ) { layer throws(Diagnostic) in
      do throws(Diagnostic) { return try sources.shapes(layer) } catch {
        guard acceptsMissingData else { throw error }
        guard (try? sources.makeSource(layer)) != nil else { return nil }
        Console.standard.report(
          Diagnostic(
            "layer '\(layer.string("name"))': its data is not there, so shapes are unknown; give its shape with --input-shape",
            at: layer.location, severity: .warning))
        building.opaqueLayers.insert(layer.string("name"))
        return nil
      }
    }
    let graph = try GraphBuilder.build(whole, state: state, options: building)
    graph.warnings.forEach(Console.standard.report)
    return (definition, graph)
  }
}

/// The shapes of data layers whose data may be missing.
struct SourceShapes {
  let given: Shape?
  let building: GraphBuilder.Options

  /// Those that were given, else those of the data (nil: the layer stays), else those that the file lets assume.
  func shapes(_ layer: Message) throws(Diagnostic) -> [Shape]? {
    if let given { return tops(layer, images: given) }
    do {
      _ = try probed(layer)
      return nil
    } catch {
      guard let assumed = assumed(layer) else {
        throw error.noting("to go on without the data, give its shape with --input-shape, such as 64,3,32,32")
      }
      Console.standard.report(
        Diagnostic(
          "layer '\(layer.string("name"))': its data is not there (\(error.message)); assumed to be \(assumed). "
            + "Give another shape with --input-shape", at: layer.location, severity: .warning))
      return tops(layer, images: assumed)
    }
  }

  /// Those that were given, or that the file lets assume, else those of the data.
  func assumedFirst(_ layer: Message) throws(Diagnostic) -> [Shape]? {
    if let shape = given ?? assumed(layer) { return tops(layer, images: shape) }
    return try probed(layer)
  }

  private func probed(_ layer: Message) throws(Diagnostic) -> [Shape]? {
    try makeSource(layer)?.probe(building.environment, log: .silent)
  }

  /// The data layer itself, if it is one.
  ///
  /// - Throws: parameters that are wrong whatever the data is.
  func makeSource(_ layer: Message) throws(Diagnostic) -> (any SourceLayer)? {
    let phase = Phase(rawValue: layer.enumeration("phase")) ?? .test
    let kind = building.catalog[layer.string("type")]
    return try kind?.init(Fields(layer, phase: phase)) as? any SourceLayer
  }

  /// The first top holds images, the others one number for each.
  func tops(_ layer: Message, images: Shape) -> [Shape] {
    layer.strings("top").indices.map { $0 == 0 ? images : [images.axes.first ?? 1] }
  }

  /// The batch of the file, colour images of the crop's size.
  private func assumed(_ layer: Message) -> Shape? {
    let transform = layer.message("transform_param"), crop = transform.int("crop_size")
    let names = ["Data": "data_param", "ImageData": "image_data_param", "WindowData": "window_data_param"]
    guard let name = names[layer.string("type")] else { return nil }
    let parameters = layer.message(name)
    var isGray = name == "data_param" && transform.bool("force_gray")
    var size = (crop, crop)
    if name == "image_data_param" {
      isGray = !parameters.bool("is_color")
      if crop == 0 { size = (parameters.int("new_height"), parameters.int("new_width")) }
    }
    guard size.0 > 0, size.1 > 0, parameters.int("batch_size") > 0 else { return nil }
    return [parameters.int("batch_size"), isGray ? 1 : 3, size.0, size.1]
  }
}
