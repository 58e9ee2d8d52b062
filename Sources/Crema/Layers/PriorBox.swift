import Prototxt

/// The boxes that an SSD refines: at each position of a map, squares and rectangles around it, in parts of the image's size.
///
/// - bottoms: the map, of which only height and width count; the images. Neither has a gradient: theirs is zero.
/// - top: 1 x 2 x H · W · boxes · 4: left, top, right and bottom of each box, then the variances of each.
package struct PriorBox: Layer {
  package static let type = "PriorBox"
  package static let arity = Arity(bottoms: 2...2, tops: 1...1)

  /// Width and height of each box of a position, in pixels of the image.
  private let boxes: [(width: Float, height: Float)]
  private let clips: Bool, variances: [Float], offset: Float
  /// Size of the images and distance of positions, if they are given.
  private let image: (width: Float, height: Float)?, step: (width: Float, height: Float)?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("prior_box_param")
    boxes = try PriorBox.boxes(parameters)
    clips = parameters.bool("clip")
    offset = parameters.float("offset")
    let given = parameters.floats("variance")
    guard [0, 1, 4].contains(given.count) else {
      throw parameters.error("variance", "there are \(given.count) variance; give one, or four, or none (0.1)")
    }
    for (index, value) in given.enumerated() where !(value > 0) {
      throw parameters.error("variance", index: index, "variance must be above 0, not \(value)")
    }
    variances = given.count == 4 ? given : Array(repeating: given.first ?? 0.1, count: 4)
    image = try PriorBox.pair(parameters, "img", single: "img_size") { (parameters: Message, field: String) in
      Float(parameters.int(field))
    }
    step = try PriorBox.pair(parameters, "step", single: "step") { (parameters: Message, field: String) in
      parameters.float(field)
    }
  }

  private static func boxes(_ parameters: Message) throws(Diagnostic) -> [(width: Float, height: Float)] {
    let least = parameters.floats("min_size"), most = parameters.floats("max_size")
    guard !least.isEmpty else {
      throw parameters.error("min_size", "min_size is missing: the side of the smallest square, in pixels")
    }
    for (index, size) in least.enumerated() where !(size >= 1 && size < 1_048_576) {
      throw parameters.error("min_size", index: index, "min_size must be 1 or more pixels, not \(size)")
    }
    guard most.isEmpty || most.count == least.count else {
      throw parameters.error(
        "max_size", "there are \(most.count) max_size for \(least.count) min_size; give one for each, or none")
    }
    for (index, (size, least)) in zip(most, least).enumerated() where !(size > least && size < 1_048_576) {
      throw parameters.error(
        "max_size", index: index, "max_size must be larger than min_size, \(least), and not \(size)")
    }
    let ratios = try ratios(parameters)
    var boxes: [(width: Float, height: Float)] = []
    for (index, size) in least.enumerated() {
      let side = size.rounded(.towardZero)
      boxes.append((side, side))
      if !most.isEmpty {
        let middle = Float((Double(side) * Double(most[index].rounded(.towardZero))).squareRoot())
        boxes.append((middle, middle))
      }
      for ratio in ratios {
        let root = Double(ratio).squareRoot()
        boxes.append((Float(Double(side) * root), Float(Double(side) / root)))
      }
    }
    return boxes
  }

  /// The ratios of width and height besides 1.
  private static func ratios(_ parameters: Message) throws(Diagnostic) -> [Float] {
    var ratios: [Float] = [1]
    for (index, ratio) in parameters.floats("aspect_ratio").enumerated() {
      guard ratio > 0, ratio.isFinite else {
        throw parameters.error("aspect_ratio", index: index, "aspect_ratio must be above 0, not \(ratio)")
      }
      guard !ratios.contains(where: { isSame($0, ratio) }) else { continue }
      ratios.append(ratio)
      if parameters.bool("flip") { ratios.append(Float(1 / Double(ratio))) }
    }
    return ratios.filter { !isSame($0, 1) }
  }

  private static func isSame(_ a: Float, _ b: Float) -> Bool { abs(Double(a) - Double(b)) < 1e-6 }

  private static func pair(
    _ parameters: Message, _ stem: String, single: String, _ value: (Message, String) -> Float
  ) throws(Diagnostic) -> (width: Float, height: Float)? {
    let (wide, high) = (stem + "_w", stem + "_h"), isPair = parameters.has(wide) || parameters.has(high)
    guard isPair || parameters.has(single) else { return nil }
    guard !isPair || !parameters.has(single) else {
      throw parameters.error(single, "\(single) and \(high), \(wide) are both given; keep one of the two forms")
    }
    let names = isPair ? [wide, high] : [single, single]
    for field in names where !(value(parameters, field) > 0) {
      throw parameters.error(
        parameters.has(field) ? field : names.first(where: parameters.has) ?? field,
        "\(field) must be above 0, not \(value(parameters, field))")
    }
    return (value(parameters, names[0]), value(parameters, names[1]))
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let map = bottoms[0]
    guard map.rank == 4, image != nil || bottoms[1].rank == 4 else {
      throw ShapeError(
        "the bottoms must have 4 axes (images, channels, height, width), and they have \(map) and \(bottoms[1])")
    }
    return Plan(
      tops: [try Shape([1, 2, map[2] * map[3] * boxes.count * 4]).fitting("the top")], division: .whole)
  }

  package func forward(_ pass: Pass) {
    let (map, top) = (pass.bottoms[0].shape, pass.tops[0].data)
    let size = image ?? (Float(pass.bottoms[1].shape[3]), Float(pass.bottoms[1].shape[2]))
    let step = step ?? (size.width / Float(map[3]), size.height / Float(map[2]))
    let (wide, high) = (Double(size.width), Double(size.height)), count = top.count / 2
    let limit = { [clips] (value: Double) in clips ? min(max(Float(value), 0), 1) : Float(value) }
    top.write { top in
      var i = 0
      for row in 0..<map[2] {
        let y = Double((Float(row) + offset) * step.height)
        for column in 0..<map[3] {
          let x = Double((Float(column) + offset) * step.width)
          for box in boxes {
            top[i] = limit((x - Double(box.width) / 2) / wide)
            top[i + 1] = limit((y - Double(box.height) / 2) / high)
            top[i + 2] = limit((x + Double(box.width) / 2) / wide)
            top[i + 3] = limit((y + Double(box.height) / 2) / high)
            for k in 0..<4 { top[count + i + k] = variances[k] }
            i += 4
          }
        }
      }
    }
  }

  package func backward(_ pass: Pass) {
    for (bottom, wanted) in zip(pass.bottoms, pass.wanted) where wanted { bottom.gradient.clear() }
  }
}
