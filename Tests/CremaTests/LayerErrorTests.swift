import Crema
import Prototxt
import TestSupport
import Testing

/// What a layer says of parameters and shapes that it cannot take.
@Suite struct LayerErrorTests {
  /// The message, and the text that its place points to.
  private func complaint(_ text: String, _ bottoms: [Shape] = [[2, 3, 8, 8]]) -> (message: String, place: String) {
    do {
      _ = try makeLayer(text).plan(bottoms)
      return ("", "")
    } catch let error as Diagnostic {
      return (error.message, excerpt(error.location))
    } catch let error as ShapeError {
      return (error.message, excerpt(error.location))
    } catch {
      return ("\(error)", "")
    }
  }

  private func excerpt(_ location: Prototxt.SourceLocation?) -> String {
    guard let location else { return "" }
    return String(decoding: location.source.bytes[location.offset...].prefix(30), as: UTF8.self)
  }

  @Test(arguments: [
    ("type: 'Convolution' convolution_param { kernel_size: 3 }", "num_output is missing"),
    ("type: 'Convolution' convolution_param { num_output: 0 kernel_size: 3 }", "num_output must be 1 or more, not 0"),
    ("type: 'Convolution' convolution_param { num_output: 4 }", "kernel_size is missing"),
    ("type: 'Convolution' convolution_param { num_output: 4 kernel_size: 0 }", "kernel_size must be 1 or more, not 0"),
    (
      "type: 'Convolution' convolution_param { num_output: 4 kernel_size: 3 stride: 0 }",
      "stride must be 1 or more, not 0"
    ),
    ("type: 'Convolution' convolution_param { num_output: 4 kernel_h: 3 }", "kernel_w is missing"),
    (
      "type: 'Convolution' convolution_param { num_output: 4 kernel_h: 3 kernel_w: 3 kernel_size: 3 }",
      "kernel_size and kernel_h, kernel_w are both given"
    ),
    (
      "type: 'Convolution' convolution_param { num_output: 4 kernel_size: 3 kernel_size: 3 kernel_size: 3 }",
      "kernel_size has 3 values; give it once, or once for each of the 2 spatial axes"
    ),
    (
      "type: 'Convolution' convolution_param { num_output: 4 kernel_size: 9 }",
      "the kernel of 9x9 is larger than the padded input of 8x8"
    ),
    (
      "type: 'Convolution' convolution_param { num_output: 4 kernel_size: 5 dilation: 3 pad: 1 }",
      "the kernel of 5x5 (13x13 with its dilation) is larger than the padded input of 10x10"
    ),
    (
      "type: 'Convolution' convolution_param { num_output: 4 kernel_size: 3 group: 2 }",
      "group 2 does not divide the 3 channels"
    ),
    (
      "type: 'Convolution' convolution_param { num_output: 4 kernel_size: 3 group: 3 }",
      "group 3 does not divide the 4 outputs"
    ),
    (
      "type: 'Convolution' convolution_param { num_output: 4 kernel_size: 3 axis: 5 }",
      "axis 5 is out of range for a blob of 4 axes (2x3x8x8)"
    ),
    (
      "type: 'Convolution' convolution_param { num_output: 4000000000 kernel_size: 3 }",
      "more than the 2147483647 elements that a blob may have"
    ),
    (
      "type: 'Convolution' convolution_param { num_output: 4 kernel_size: 4000000000 dilation: 4000000000 }",
      "kernel_size must be 1 or more, not 4000000000"
    ),
    ("type: 'Pooling' pooling_param { }", "kernel_size is missing"),
    ("type: 'Pooling' pooling_param { kernel_size: 0 }", "kernel_size must be 1 or more, not 0"),
    ("type: 'Pooling' pooling_param { kernel_size: 3 stride: 0 }", "stride must be 1 or more, not 0"),
    ("type: 'Pooling' pooling_param { kernel_size: 3 pad: 3 }", "pad 3 must be smaller than the kernel, which is 3"),
    ("type: 'Pooling' pooling_param { kernel_size: 3 global_pooling: true }", "global_pooling takes the whole plane"),
    ("type: 'Pooling' pooling_param { kernel_size: 11 }", "the kernel of 11x11 is larger than the padded input of 8x8"),
    ("type: 'Pooling' pooling_param { pool: STOCHASTIC kernel_size: 3 pad: 1 }", "pool: STOCHASTIC has no padding"),
    ("type: 'Pooling' top: 'y' top: 'z' pooling_param { pool: AVE kernel_size: 3 }", "only pool: MAX has a second top"),
    ("type: 'LRN' lrn_param { local_size: 4 }", "local_size must be an odd number up to 2147483647"),
    ("type: 'LRN' lrn_param { local_size: 0 }", "and it is 0"),
    ("type: 'Deconvolution' convolution_param { kernel_size: 3 }", "num_output is missing"),
    (
      "type: 'Deconvolution' convolution_param { num_output: 2 kernel_size: 2 pad: 5 }",
      "nothing is left of the top: it would have the lengths -1, -1"
    ),
    (
      "type: 'Deconvolution' convolution_param { num_output: 4 kernel_size: 3 group: 2 }",
      "group 2 does not divide the 3 channels"
    ),
    (
      "type: 'Deconvolution' convolution_param { num_output: 4 kernel_size: 2147483647 dilation: 2147483647 }",
      "more than the 2147483647 elements that a blob may have"
    ),
    ("type: 'Im2col' convolution_param { kernel_size: 9 }", "the kernel of 9x9 is larger than the padded input of 8x8"),
    ("type: 'Im2col' convolution_param { kernel_size: 1 axis: 3 }", "there must be a spatial axis behind axis 3"),
    ("type: 'SPP'", "pyramid_height is missing; give the number of levels"),
    ("type: 'SPP' spp_param { pyramid_height: 5 }", "level 5 of the pyramid divides each axis by 16"),
    ("type: 'SPP' spp_param { pyramid_height: 4000000000 }", "use pyramid_height: 4 or a larger input"),
    ("type: 'SPP' spp_param { pyramid_height: 2 pool: STOCHASTIC }", "pool: STOCHASTIC has no padding"),
    ("type: 'InnerProduct' inner_product_param { }", "num_output is missing"),
    (
      "type: 'InnerProduct' inner_product_param { num_output: 3 axis: -5 }",
      "axis -5 is out of range for a blob of 4 axes"
    ),
    ("type: 'InnerProduct' inner_product_param { num_output: 3 weight_filler { type: 'exavier' } }", "exavier"),
    ("type: 'Softmax' softmax_param { axis: 4 }", "axis 4 is out of range for a blob of 4 axes (2x3x8x8); use -4 to 3"),
    ("type: 'Concat' concat_param { axis: 1 concat_dim: 1 }", "concat_dim is the old name of axis, and both are given"),
    ("type: 'Scale' scale_param { axis: 2 num_axes: 3 }", "axis 2 and num_axes 3 reach beyond a blob of 4 axes"),
    ("type: 'Dropout' dropout_param { dropout_ratio: 1.5 }", "dropout_ratio must be 0 or more and less than 1"),
    ("type: 'Slice' top: 'y' top: 'z' slice_param { slice_point: 3 }", "slice point 3 is not inside axis 1"),
    ("type: 'Slice' top: 'y' top: 'z'", "2 tops do not divide axis 1"),
    (
      "type: 'Slice' top: 'x' top: 'y' top: 'z' slice_param { slice_point: 2 slice_point: 1 }",
      "slice points must grow, and 1 follows 2"
    ),
    (
      "type: 'Reshape' reshape_param { shape { dim: 7 } }",
      "the new shape 7 does not hold the 384 elements of the bottom"
    ),
    ("type: 'Reshape' reshape_param { shape { dim: -1 dim: -1 } }", "only one dim may be -1"),
    ("type: 'Reshape' reshape_param { shape { dim: 5 dim: -1 } }", "do not divide the 384 elements"),
    ("type: 'Clip'", "min is missing; give min and max"),
    ("type: 'Clip' clip_param { min: 2 max: 1 }", "min must not be above max, and they are 2.0 and 1.0"),
    ("type: 'Clip' clip_param { min: nan max: 1 }", "min must not be above max"),
    ("type: 'Exp' exp_param { base: -2 }", "base must be a number above 0, or -1 for e, and it is -2.0"),
    ("type: 'Log' log_param { base: 0 }", "base must be a number above 0, or -1 for e, and it is 0.0"),
    ("type: 'Log' log_param { base: 1 }", "base must not be 1"),
    ("type: 'PReLU' prelu_param { filler { type: 'exavier' } }", "exavier"),
    ("type: 'ArgMax' argmax_param { top_k: 0 }", "top_k must be 1 or more, not 0"),
    ("type: 'ArgMax' argmax_param { top_k: 193 }", "top_k 193 is larger than the 192 values to choose from (2x3x8x8)"),
    ("type: 'ArgMax' argmax_param { top_k: 4 axis: 1 }", "top_k 4 is larger than the 3 values to choose from"),
    ("type: 'ArgMax' argmax_param { axis: 4 }", "axis 4 is out of range for a blob of 4 axes"),
    ("type: 'Tile'", "tiles is missing"),
    ("type: 'Tile' tile_param { tiles: 0 }", "tiles must be 1 or more, not 0"),
    ("type: 'Tile' tile_param { tiles: 1 axis: -5 }", "axis -5 is out of range for a blob of 4 axes"),
    ("type: 'Tile' tile_param { tiles: 2147483647 }", "the top would be 2x6442450941x8x8, more than the 2147483647"),
    ("type: 'Embed' embed_param { input_dim: 3 }", "num_output is missing"),
    ("type: 'Embed' embed_param { num_output: 3 }", "input_dim is missing; give the number of rows of the table"),
    ("type: 'Embed' embed_param { num_output: 3 input_dim: 0 }", "input_dim must be 1 or more, not 0"),
    ("type: 'Embed' embed_param { num_output: 65536 input_dim: 65536 }", "the weights would be 65536x65536, more than"),
    ("type: 'Filter' bottom: 'a' bottom: 'b' bottom: 'c' top: 'y'", "a top for each bottom but the last one"),
    ("type: 'Parameter'", "shape is missing; give the shape of the weight"),
    ("type: 'Parameter' parameter_param { shape { dim: 3 dim: -1 } }", "dim must be 0 or more, not -1"),
    (
      "type: 'Parameter' parameter_param { shape { dim: 65536 dim: 65536 } }",
      "a blob of 65536x65536 has more than 2147483647"
    ),
    (
      "type: 'Parameter' parameter_param { shape { \(String(repeating: "dim: 1 ", count: 33)) } }",
      "a blob has at most 32 axes, not 33"
    ),
    ("type: 'MVN' mvn_param { eps: -1 }", "eps must not be negative, and it is -1.0"),
    ("type: 'InfogainLoss' bottom: 'a' bottom: 'b'", "source is missing: the path of the matrix H"),
    (
      "type: 'InfogainLoss' bottom: 'a' bottom: 'b' infogain_loss_param { source: 'missing.H' }",
      "the matrix H 'missing.H' does not exist"
    ),
    (
      "type: 'InfogainLoss' bottom: 'a' bottom: 'b' bottom: 'c' loss_param { normalize: true }",
      "normalize is an old field that this layer does not take"
    ),
  ])
  func parameters(_ text: String, _ expected: String) {
    let found = complaint(text)
    #expect(found.message.contains(expected), "\(found.message)")
  }

  @Test(
    arguments: [
      (
        "type: 'Pooling' pooling_param { kernel_size: 3 }", [[2, 3]],
        "must have 4 axes (images, channels, height, width), and it has 2 axes (2x3)"
      ),
      ("type: 'LRN'", [[2, 3]], "must have 4 axes (images, channels, height, width), and it has 2 axes (2x3)"),
      ("type: 'Im2col' convolution_param { kernel_size: 1 }", [[2, 0, 3]], "the bottom (2x0x3) has no channels"),
      (
        "type: 'Crop' crop_param { offset: 1 offset: 2 offset: 3 }", [[2, 3, 8, 8], [2, 3, 4, 4]],
        "offset has 3 values; give it once, or once for each of the 2 axes from 2 on"
      ),
      (
        "type: 'Crop' crop_param { offset: 1 offset: 5 }", [[2, 3, 8, 8], [2, 3, 4, 4]],
        "axis 3 of bottom 0 has the length 8, too short for offset 5 and the length 4 of bottom 1"
      ),
      ("type: 'Crop'", [[2, 3, 8, 8], [4, 4]], "bottom 1 must have as many axes as bottom 0 (2x3x8x8)"),
      ("type: 'LSTMUnit'", [[2, 3, 4], [2, 3, 16], [2, 3]], "bottom 0, the cells, must be 1 x sequences x cells"),
      ("type: 'LSTMUnit'", [[1, 3, 4], [1, 3, 12], [1, 3]], "bottom 1, the gates, must be 1x3x16: four for each"),
      ("type: 'LSTMUnit'", [[1, 3, 4], [1, 3, 16], [3]], "bottom 2 must have one value for each of the 3 sequences"),
      ("type: 'BatchNorm'", [[5]], "must have 2 axes or more (images, channels, ...), and it has 1 axis (5)"),
      (
        "type: 'Eltwise' bottom: 'a' bottom: 'b'", [[2, 3], [2, 4, 3, 3]],
        "all bottoms must have one shape: bottom 0 has 2x3, bottom 1 has 2x4x3x3"
      ),
      (
        "type: 'Concat' bottom: 'a' bottom: 'b'", [[2, 3, 4], [2, 3, 5]],
        "bottoms may only differ in axis 1: bottom 0 has 2x3x4, bottom 1 has 2x3x5"
      ),
      ("type: 'Softmax' softmax_param { axis: 5 }", [[2, 3]], "axis 5 is out of range for a blob of 2 axes (2x3)"),
      (
        "type: 'SoftmaxWithLoss' bottom: 'a' bottom: 'b'", [[2, 3], [3]],
        "the bottoms must have the same first axis: the predictions have 2x3, the labels 3"
      ),
      (
        "type: 'SoftmaxWithLoss' bottom: 'a' bottom: 'b'", [[2, 3, 4], [2]],
        "there are 2 labels (2) for 8 predictions (2x3x4"
      ),
      ("type: 'Accuracy' bottom: 'a' bottom: 'b'", [[2, 3], [4]], "there are 4 labels (4) for 2 predictions"),
      (
        "type: 'Accuracy' bottom: 'a' bottom: 'b' accuracy_param { top_k: 5 }", [[2, 3], [2]],
        "top_k 5 is larger than the 3 classes of the predictions (2x3)"
      ),
      (
        "type: 'Scale' bottom: 'a' bottom: 'b'", [[2, 3, 4], [4]],
        "bottom 1 (4) must have the lengths of bottom 0 (2x3x4) from axis 1 on"
      ),
      ("type: 'EuclideanLoss' bottom: 'a' bottom: 'b'", [[2, 3], [2, 4]], "must have as many values an image"),
      ("type: 'PReLU'", [[5]], "must have 2 axes or more (images, channels, ...), and it has 1 axis (5)"),
      ("type: 'ArgMax'", [[]], "the bottom must have images, and it is a scalar"),
      ("type: 'MVN'", [[1, 2, 3, 4, 5]], "must have 4 axes at most, and it has 5 axes (1x2x3x4x5)"),
      ("type: 'BatchReindex'", [[3, 4], [3, 1]], "bottom 1, the indices, must have 1 axis, and it has 2 axes (3x1)"),
      ("type: 'BatchReindex'", [[], [3]], "bottom 0 must have images, and it is a scalar"),
      (
        "type: 'Filter' bottom: 'a' bottom: 'b'", [[3, 4], [3, 2]],
        "the selector, must have one value for each image, and it has 2 axes (3x2)"
      ),
      (
        "type: 'Filter' bottom: 'a' bottom: 'b'", [[3, 4], [4]],
        "every bottom must have as many images as the selector: bottom 0 has 3x4, the selector 4"
      ),
      (
        "type: 'ContrastiveLoss'", [[3, 4], [3, 5], [3]],
        "bottoms 0 and 1 must both have pairs x values, and they have 3x4 and 3x5"
      ),
      ("type: 'ContrastiveLoss'", [[3, 4, 2], [3, 4, 2], [3]], "bottoms 0 and 1 must both have pairs x values"),
      ("type: 'ContrastiveLoss'", [[3, 4], [3, 4], [4]], "bottom 2 must have one value for each pair"),
      ("type: 'HingeLoss'", [[3, 4], [2]], "the bottoms must have the same first axis"),
      ("type: 'HingeLoss'", [[3, 4], [3, 2]], "there must be one label for each image"),
      ("type: 'MultinomialLogisticLoss'", [[3, 0], [3]], "the predictions (3x0) have no classes"),
      (
        "type: 'InfogainLoss' bottom: 'a' bottom: 'b' bottom: 'c'", [[3, 4], [3], [3, 3]],
        "H must be 4x4, since the predictions (3x4) have 4 classes on axis 1, and it is 3x3"
      ),
    ] as [(String, [Shape], String)])
  func shapes(_ text: String, _ bottoms: [Shape], _ expected: String) {
    let found = complaint(text, bottoms)
    #expect(found.message.contains(expected), "\(found.message)")
  }

  @Test func placesAreThoseOfTheFields() {
    #expect(
      complaint("type: 'Convolution' convolution_param { num_output: 4 kernel_size: 3 stride: 0 }").place.hasPrefix(
        "0 }"))
    #expect(
      complaint("type: 'Convolution' convolution_param { num_output: 4 kernel_size: 9 }").place.hasPrefix(
        "9 }"))
    #expect(complaint("type: 'Softmax' softmax_param { axis: 7 }").place.hasPrefix("7 }"))
  }

  @Test func aSecondTopOfALossIsRefused() {
    let found = complaint("type: 'SoftmaxWithLoss' bottom: 'a' bottom: 'b' top: 'y' top: 'p'", [[2, 3], [2]])
    #expect(found.message.contains("Caffe lists it, but stops when it builds such a layer"))
    #expect(found.place.hasPrefix("'p'"))
  }

  @Test func aPoolAndAConvolutionALittleLargerThanTheInputAreTakenAsCaffeDoes() throws {
    let pool = try makeLayer("type: 'Pooling' pooling_param { kernel_size: 7 stride: 2 }").plan([[2, 4, 6, 6]])
    #expect(pool.tops == [[2, 4, 1, 1]])
    let convolution = try makeLayer("type: 'Convolution' convolution_param { num_output: 4 kernel_size: 9 stride: 2 }")
    #expect(try convolution.plan([[2, 3, 8, 8]]).tops == [[2, 4, 1, 1]])
  }

  @Test(arguments: [
    "type: 'SoftmaxWithLoss' bottom: 'a' bottom: 'b'", "type: 'Accuracy' bottom: 'a' bottom: 'b' top: 'y' top: 'z'",
  ])
  func labelsWithoutClassAreReported(_ text: String) throws {
    for (label, expected) in [
      (Float(7), "label 7 at position 3 is outside 0..<3"), (-1, "label -1 at position 3 is outside 0..<3"),
      (500_000_000, "label 500000000 at position 3"), (.nan, "label nan at position 3"), (1e20, "position 3"),
    ] {
      let run = try LayerRun(makeLayer(text), bottoms: [Blob([4, 3]), Blob([4])])
      run.bottoms[1].data.write { $0[3] = label }
      run.forward()
      let failure = run.takeFailure() ?? ""
      #expect(failure.contains(expected), "\(failure)")
      if run.layer is SoftmaxWithLoss { run.backward() }
    }
  }

  @Test func weightsOfAnEmptyBatchAreNoLargerThanABlob() throws {
    let error = try #require(throws: Diagnostic.self) {
      try SmallNet.graph(
        """
        layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 0 dim: 2000000000 dim: 2 } } }
        layer { name: "scale" type: "Scale" bottom: "data" top: "scale" scale_param { num_axes: -1 } }
        """)
    }
    #expect(error.message.contains("needs numbers of the shape 2000000000x2 for itself"))
  }

  @Test func multiplyAddsAreThoseOfTheFormula() throws {
    let convolution = try makeLayer(
      "type: 'Convolution' convolution_param { num_output: 6 kernel_size: 3 group: 3 pad: 1 }")
    #expect(try convolution.plan([[2, 3, 8, 8]]).multiplyAdds == 2 * 8 * 8 * 6 * 9)
    let product = try makeLayer("type: 'InnerProduct' inner_product_param { num_output: 5 }")
    #expect(try product.plan([[2, 3, 8, 8]]).multiplyAdds == 2 * 192 * 5)
  }
}
