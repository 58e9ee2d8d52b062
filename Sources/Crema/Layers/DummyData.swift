import Prototxt

/// Tops made by fillers: constants once, random numbers anew for every batch.
///
/// - tops: one or more, of the shapes that the file gives.
package struct DummyData: SourceLayer {
  package static let type = "DummyData"
  package static let arity = Arity(bottoms: 0...0, tops: 1...Int.max)

  private let shapes: [Shape]
  private let fillers: [Filler]

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("dummy_data_param"), tops = fields.tops.count
    let given = parameters.messages("data_filler")
    guard given.isEmpty || given.count == 1 || given.count == tops else {
      throw parameters.error(
        "data_filler", "there are \(given.count) data_filler for \(tops) tops; give none, one, or one for each top")
    }
    var fillers: [Filler] = []
    for filler in given { fillers.append(try Filler(filler)) }
    self.fillers = fillers.isEmpty ? [.constant(0)] : fillers
    let shapes = try Self.shapes(parameters, tops)
    self.shapes = shapes
    for (top, shape) in shapes.enumerated() {
      let filler = fillers.count == tops ? self.fillers[top] : self.fillers[0]
      do throws(ShapeError) { try filler.check(shape) } catch {
        throw parameters.error("data_filler", index: top, error.message)
      }
    }
  }

  private static func shapes(_ parameters: Message, _ tops: Int) throws(Diagnostic) -> [Shape] {
    let legacy = ["num", "channels", "height", "width"]
    var shapes: [Shape] = []
    if parameters.has("shape") {
      for field in legacy where parameters.has(field) {
        throw parameters.error(field, "shape and \(field) are both given; keep one of the two forms")
      }
      for shape in parameters.messages("shape") { shapes.append(try Shape(shape)) }
    } else {
      let sides = legacy.map { parameters.ints($0) }
      for (field, values) in zip(legacy, sides) where values.count != 1 && values.count != tops {
        throw parameters.error(
          field,
          "\(field) has \(values.count) values for \(tops) tops; give shape, or each of num, channels, height, width "
            + "once or for each top")
      }
      for top in 0..<tops {
        let axes = sides.map { sizes in sizes.count == 1 ? sizes[0] : sizes[top] }
        shapes.append(Shape(axes))
      }
    }
    guard shapes.count == 1 || shapes.count == tops else {
      throw parameters.error(
        "shape", "there are \(shapes.count) shapes for \(tops) tops; give one, or one for each top")
    }
    return shapes.count == tops ? shapes : Array(repeating: shapes[0], count: tops)
  }

  package func probe(_ environment: InputEnvironment, log: Log) throws(Diagnostic) -> [Shape] { shapes }

  package func open(
    _ environment: InputEnvironment, shapes: [Shape], random: RandomStream, log: Log
  ) throws(Diagnostic) -> any InputSource {
    DummySource(fillers.count == shapes.count ? fillers : Array(repeating: fillers[0], count: shapes.count), random)
  }
}

/// The fillers at work. Constants are written with the first batch only.
private final class DummySource: InputSource {
  private let fillers: [Filler]
  private let random: RandomStream
  private var hasConstants = false

  init(_ fillers: [Filler], _ random: RandomStream) { (self.fillers, self.random) = (fillers, random) }

  func next(into tops: [Tensor]) throws(Diagnostic) -> InputEvents {
    for (filler, top) in zip(fillers, tops) where !filler.isConstant || !hasConstants { filler.fill(top, from: random) }
    hasConstants = true
    return InputEvents()
  }
}
