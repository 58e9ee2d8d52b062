import Prototxt

/// Planes cut into pieces of `stride` x `stride` and put behind each other as channels; with `reverse` the other way.
///
/// Without `reverse` it is not the inverse of `reverse`: as in YOLOv2, whose weights rely on it, the values of each
/// image are taken as C/s² x sH x sW planes, cut, and the result is taken as Cs² x H/s x W/s.
package struct Reorg: Layer {
  package static let type = "Reorg"

  let stride: Int, isReverse: Bool
  private let place: SourceLocation?

  package init(_ fields: Fields) throws(Diagnostic) {
    let parameters = fields.parameters("reorg_param")
    stride = parameters.int("stride")
    isReverse = parameters.bool("reverse")
    place = parameters.location(of: "stride")
    guard parameters.has("stride") else {
      throw parameters.error("stride", "stride is missing: the height and width of a piece")
    }
    guard (1...Int(UInt16.max)).contains(stride) else {
      throw parameters.error("stride", "stride must be from 1 to \(UInt16.max), not \(stride)")
    }
  }

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let x = bottoms[0]
    guard x.rank == 4 else {
      throw ShapeError("the bottom must have 4 axes (images, channels, height, width), and it has \(x.axesText)")
    }
    guard x[1] % (stride * stride) == 0 else {
      throw ShapeError(
        "the \(x[1]) channels of the bottom (\(x)) must be a multiple of stride · stride, which is \(stride * stride)",
        at: place)
    }
    guard isReverse || (x[2] % stride == 0 && x[3] % stride == 0) else {
      throw ShapeError("stride \(stride) must divide the height and width of the bottom (\(x))", at: place)
    }
    let top: Shape =
      isReverse
      ? [x[0], x[1] / (stride * stride), x[2] * stride, x[3] * stride]
      : [x[0], x[1] * stride * stride, x[2] / stride, x[3] / stride]
    return Plan(tops: [top])
  }

  package func forward(_ pass: Pass) {
    let x = pass.bottoms[0].data
    move(x, into: pass.tops[0].data, x.shape, joins: isReverse)
  }

  package func backward(_ pass: Pass) {
    guard pass.wanted[0] else { return }
    let dx = pass.bottoms[0].gradient
    move(pass.tops[0].gradient, into: dx, dx.shape, joins: !isReverse)
  }

  /// Moves rows of pieces, C x H x W for each image, to where they are in C/s² x sH x sW; or back.
  private func move(_ x: Tensor, into y: Tensor, _ pieces: Shape, joins: Bool) {
    let (channels, height, width) = (pieces[1], pieces[2], pieces[3]), planes = channels / (stride * stride)
    y.write(reading: x) { x, y in
      var piece = 0
      for image in 0..<pieces[0] {
        for channel in 0..<channels {
          let (offset, plane) = channel.quotientAndRemainder(dividingBy: planes)
          for row in 0..<height {
            let line = (image * planes + plane) * height * stride + row * stride + offset / stride
            var joint = line * width * stride + offset % stride
            for _ in 0..<width {
              if joins { y[joint] = x[piece] } else { y[piece] = x[joint] }
              piece += 1
              joint += stride
            }
          }
        }
      }
    }
  }
}
