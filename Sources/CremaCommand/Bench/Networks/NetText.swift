/// Writes a net as a prototxt, layer by layer; each call answers the name of the blob that it makes.
struct NetText {
  private(set) var text: String
  private let fills: Bool

  /// A net without layers.
  ///
  /// - Parameter fills: whether weights get fillers; a net that will load its weights needs none.
  init(name: String, fills: Bool = true) {
    text = "name: \"\(name)\"\n"
    self.fills = fills
  }

  /// Adds a layer; `body` holds its parameters.
  mutating func layer(_ name: String, _ type: String, _ bottoms: [String], _ tops: [String], _ body: String = "") {
    let blobs = bottoms.map { " bottom: \"\($0)\"" } + tops.map { " top: \"\($0)\"" }
    text += "layer { name: \"\(name)\" type: \"\(type)\"\(blobs.joined())\(body.isEmpty ? "" : " " + body) }\n"
  }

  /// A blob that is given from outside, `dims` with the batch first.
  mutating func input(_ name: String, _ dims: [Int]) {
    layer(name, "Input", [], [name], "input_param { shape { \(dims.map { "dim: \($0)" }.joined(separator: " ")) } }")
  }

  /// Images and labels from an LMDB; the tops are `data` and `label`.
  mutating func data(_ source: String, batch: Int, transform: String) {
    layer(
      "data", "Data", [], ["data", "label"],
      "transform_param { \(transform) } data_param { source: \"\(source)\" batch_size: \(batch) backend: LMDB }")
  }

  /// A convolution with square windows.
  mutating func convolution(
    _ name: String, _ bottom: String, _ outputs: Int, _ kernel: Int, stride: Int = 1, pad: Int = 0, group: Int = 1,
    dilation: Int = 1, bias: Bool = true, filler: String = "type: \"msra\""
  ) -> String {
    var parameters = "num_output: \(outputs) kernel_size: \(kernel)"
    if pad > 0 { parameters += " pad: \(pad)" }
    if stride > 1 { parameters += " stride: \(stride)" }
    if group > 1 { parameters += " group: \(group)" }
    if dilation > 1 { parameters += " dilation: \(dilation)" }
    if !bias { parameters += " bias_term: false" }
    layer(name, "Convolution", [bottom], [name], "convolution_param { \(parameters)\(weights(filler)) }")
    return name
  }

  /// A pooling with square windows.
  mutating func pool(
    _ name: String, _ bottom: String, _ method: String, _ kernel: Int, _ stride: Int, pad: Int = 0
  ) -> String {
    let border = pad > 0 ? " pad: \(pad)" : ""
    layer(
      name, "Pooling", [bottom], [name],
      "pooling_param { pool: \(method) kernel_size: \(kernel) stride: \(stride)\(border) }")
    return name
  }

  /// The mean of each plane.
  mutating func globalMean(_ name: String, _ bottom: String) -> String {
    layer(name, "Pooling", [bottom], [name], "pooling_param { pool: AVE global_pooling: true }")
    return name
  }

  /// A ReLU in place.
  mutating func relu(_ name: String, _ blob: String) { layer(name, "ReLU", [blob], [blob]) }

  /// A local response normalisation over five channels, as AlexNet has it.
  mutating func respond(_ name: String, _ bottom: String) -> String {
    layer(name, "LRN", [bottom], [name], "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }")
    return name
  }

  /// A BatchNorm and a Scale with bias, both in place.
  mutating func normalize(_ blob: String, names: (norm: String, scale: String)) {
    layer(names.norm, "BatchNorm", [blob], [blob])
    layer(names.scale, "Scale", [blob], [blob], "scale_param { bias_term: true }")
  }

  /// An inner product with a bias.
  mutating func product(
    _ name: String, _ bottom: String, _ outputs: Int, filler: String = "type: \"xavier\""
  ) -> String {
    layer(
      name, "InnerProduct", [bottom], [name],
      "inner_product_param { num_output: \(outputs)\(weights(filler)) }")
    return name
  }

  /// The field of a filler.
  func weights(_ filler: String) -> String { fills ? " weight_filler { \(filler) }" : "" }

  /// A dropout in place.
  mutating func dropout(_ name: String, _ blob: String, ratio: String = "0.5") {
    layer(name, "Dropout", [blob], [blob], "dropout_param { dropout_ratio: \(ratio) }")
  }
}
