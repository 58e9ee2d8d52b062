import Crema
import Prototxt
import Testing

/// Fillers that cannot work, and shapes that they cannot fill.
@Suite struct FillerTests {
  private func filler(_ text: String) throws -> Filler {
    let source = SourceText(name: "net.prototxt", "layer { bias_param { filler { \(text) } } }")
    let net = try TextParser.parse(source, as: CaffeSchema.net).message
    return try Filler(net.messages("layer")[0].message("bias_param").message("filler"))
  }

  @Test(arguments: [
    ("type: 'Xavier'", "did you mean 'xavier'?"),
    ("type: 'gausian'", "did you mean 'gaussian'?"),
    ("type: 'gaussian' std: 0", "the filler 'gaussian' needs a std above 0, not 0.0"),
    ("type: 'gaussian' std: nan", "the filler 'gaussian' needs a std above 0, not nan"),
    ("type: 'gaussian' mean: inf", "the filler 'gaussian' needs a finite mean, not inf"),
    ("type: 'gaussian' sparse: -2", "sparse must be at least 0 (or -1: every weight is drawn), not -2"),
    ("type: 'uniform' min: 2", "the filler 'uniform' needs numbers with min <= max, not 2.0 to 1.0"),
    ("type: 'uniform' min: -inf", "min <= max, not -inf to 1.0"),
    ("type: 'xavier' sparse: 3", "the filler 'xavier' cannot be sparse: only 'gaussian' can"),
  ])
  func refuses(text: String, message: String) throws {
    let error = try #require(throws: Diagnostic.self) { try filler(text) }
    #expect(error.description.contains(message))
    #expect(error.location?.line == 1)
  }

  @Test(arguments: [
    ("type: 'bilinear'", [2, 3, 4, 5], "needs 4 axes of which the last two are equal, not 2x3x4x5"),
    ("type: 'bilinear'", [4, 4], "needs 4 axes of which the last two are equal, not 4x4"),
    ("type: 'gaussian' sparse: 5", [4, 9], "sparse: 5 is more than the first axis of 4x9 has, which is 4"),
    ("", [3, 0], "there is nothing to fill in a blob of shape 3x0"),
  ])
  func refusesShapes(text: String, axes: [Int], message: String) throws {
    let filler = try filler(text)
    let error = try #require(throws: ShapeError.self) { try filler.check(Shape(axes)) }
    #expect(error.message.contains(message))
  }

  @Test func theDefaultIsZero() throws {
    let tensor = Tensor([3], [1, 2, 3])
    try filler("").fill(tensor, from: RandomStream(seed: 1))
    #expect(tensor.values == [0, 0, 0])
    Filler.constant(0.5).fill(tensor, from: RandomStream(seed: 1))
    #expect(tensor.values == [0.5, 0.5, 0.5])
  }

  @Test func fillsAScalar() throws {
    let tensor = Tensor(Shape([]))
    try filler("type: 'xavier'").fill(tensor, from: RandomStream(seed: 1))
    #expect(abs(tensor.values[0]) <= Float(3).squareRoot() && tensor.values[0] != 0)
  }
}
