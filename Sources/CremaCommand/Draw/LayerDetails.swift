import Prototxt

/// The parameters of a layer that a picture shows: what the file says, in few words.
enum LayerDetails {
  /// Short phrases such as `64 of 3x3`, `stride 2`, the most important ones first.
  static func phrases(_ layer: Message) -> [String] {
    var phrases: [String] = []
    for field in layer.fields where field.name.hasSuffix("_param") && !hidden.contains(field.name) {
      guard case .message(let parameters) = field.value else { continue }
      switch field.name {
      case "convolution_param": phrases += convolution(parameters)
      case "pooling_param": phrases += pooling(parameters)
      case "eltwise_param": phrases += eltwise(parameters)
      case "inner_product_param": phrases += ["\(parameters.int("num_output")) outputs"]
      case "dropout_param":
        phrases += parameters.has("dropout_ratio") ? ["ratio \(text(parameters.float("dropout_ratio")))"] : []
      case "python_param": phrases += ["\(parameters.string("module")).\(parameters.string("layer"))"]
      case "data_param", "image_data_param", "hdf5_data_param", "window_data_param": phrases += source(parameters)
      default: phrases += others(parameters)
      }
    }
    return phrases + weights(layer)
  }

  private static let hidden: Set<String> = ["transform_param", "loss_param", "input_param", "dummy_data_param"]

  private static func convolution(_ parameters: Message) -> [String] {
    let kernel = sides(parameters, "kernel_size", "kernel_h", "kernel_w")
    let outputs = parameters.int("num_output"), groups = parameters.int("group")
    var phrases = outputs > 0 ? ["\(outputs) of \(kernel)"] : [kernel]
    phrases += window(parameters)
    if let dilation = parameters.ints("dilation").first, parameters.ints("dilation").contains(where: { $0 != 1 }) {
      phrases.append(
        "dilation \(parameters.count("dilation") == 1 ? "\(dilation)" : joined(parameters.ints("dilation")))")
    }
    if groups != 1 { phrases.append("\(groups) groups") }
    return phrases
  }

  private static func pooling(_ parameters: Message) -> [String] {
    let names = ["MAX": "max", "AVE": "average", "STOCHASTIC": "stochastic"]
    let method = names[parameters.enumeration("pool")] ?? parameters.enumeration("pool")
    if parameters.bool("global_pooling") { return ["\(method) of all"] }
    return ["\(method) of \(sides(parameters, "kernel_size", "kernel_h", "kernel_w"))"] + window(parameters)
  }

  /// Strides and pads that are not those of the schema.
  private static func window(_ parameters: Message) -> [String] {
    [("stride", "1"), ("pad", "0")].compactMap { name, usual in
      let text = sides(parameters, name, "\(name)_h", "\(name)_w")
      return text.isEmpty || text == usual || text == "\(usual)x\(usual)" ? nil : "\(name) \(text)"
    }
  }

  /// `3x3` for a kernel, else `2`, or `2x1` if the sides differ; empty if the file says nothing.
  private static func sides(_ parameters: Message, _ both: String, _ high: String, _ wide: String) -> String {
    var lengths: [Int] = []
    if parameters.has(high) || parameters.has(wide) {
      lengths = [parameters.int(high), parameters.int(wide)]
    } else if parameters.has(both) {
      lengths = parameters.type.field(both)?.isRepeated == true ? parameters.ints(both) : [parameters.int(both)]
    }
    if lengths.count == 1, both == "kernel_size" { lengths.append(lengths[0]) }
    if both != "kernel_size", Set(lengths).count == 1 { lengths = [lengths[0]] }
    return joined(lengths)
  }

  private static func joined(_ lengths: [Int]) -> String { lengths.map(String.init).joined(separator: "x") }

  private static func eltwise(_ parameters: Message) -> [String] {
    let names = ["SUM": "sum", "PROD": "product", "MAX": "maximum"]
    let name = names[parameters.enumeration("operation")] ?? parameters.enumeration("operation")
    let factors = parameters.floats("coeff").map { text($0) }
    return [name] + (factors.isEmpty ? [] : ["factors \(factors.joined(separator: " "))"])
  }

  private static func source(_ parameters: Message) -> [String] {
    let source = parameters.string("source")
    return source.isEmpty ? [] : [source.split(separator: "/").last.map(String.init) ?? source]
  }

  /// Factors of losses that the file gives.
  private static func weights(_ layer: Message) -> [String] {
    let weights = layer.floats("loss_weight")
    return weights.contains { $0 != 0 && $0 != 1 }
      ? ["weight \(weights.map { text($0) }.joined(separator: " "))"] : []
  }

  /// Every field that the file sets, by name, without messages inside.
  private static func others(_ parameters: Message) -> [String] {
    var values: [(name: String, values: [String])] = []
    for field in parameters.fields {
      guard let text = text(field.value), field.name != "engine" else { continue }
      if let known = values.firstIndex(where: { $0.name == field.name }) {
        values[known].values.append(text)
      } else {
        values.append((field.name, [text]))
      }
    }
    return values.map { "\($0.name) \($0.values.joined(separator: " "))" }
  }

  /// A whole number, or four digits.
  private static func text(_ number: Float) -> String {
    number == number.rounded() ? NumberText.text(number) : NumberText.format(Double(number), digits: 4)
  }

  private static func text(_ value: Message.Value) -> String? {
    switch value {
    case .int(let number): "\(number)"
    case .uint(let number): "\(number)"
    case .float(let number): text(Float(number))
    case .bool(let flag): flag ? "true" : "false"
    case .string(let text), .raw(let text): text
    case .enumeration(let name, _): name
    case .message, .bytes, .wire: nil
    }
  }
}
