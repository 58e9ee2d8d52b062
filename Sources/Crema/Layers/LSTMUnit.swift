import Glibc
import Prototxt

/// One step of a long short-term memory: `c = f · before + i · g`, `h = o · tanh(c)`.
///
/// - bottoms: the cells before, 1 x N x D; the gates before their functions, 1 x N x 4D in the order i, f, o, g; and for
///   each sequence whether it goes on, 1 x N: the gate f is multiplied by it.
/// - tops: the cells and the outputs, 1 x N x D each.
/// - kept: the gates.
package struct LSTMUnit: Layer {
  package static let type = "LSTMUnit"
  package static let arity = Arity(bottoms: 3...3, tops: 2...2)
  package static var traits: Traits {
    var traits = Traits()
    traits.unforcedBottoms = [2]
    traits.bottomsWithoutGradient = [2]
    return traits
  }

  package init(_ fields: Fields) throws(Diagnostic) {}

  package func plan(_ bottoms: [Shape]) throws(ShapeError) -> Plan {
    let cells = bottoms[0]
    guard cells.rank == 3, cells[0] == 1 else {
      throw ShapeError("bottom 0, the cells, must be 1 x sequences x cells, and it has \(cells.axesText)")
    }
    let gates = try Shape([1, cells[1], 4, cells[2]]).fitting("the gates"), wanted = Shape([1, cells[1], 4 * cells[2]])
    guard bottoms[1] == wanted else {
      throw ShapeError(
        "bottom 1, the gates, must be \(wanted): four for each of the cells (\(cells)), and it has \(bottoms[1].axesText)"
      )
    }
    guard bottoms[2] == [1, cells[1]] else {
      throw ShapeError(
        "bottom 2 must have one value for each of the \(cells[1]) sequences (1x\(cells[1])), and it has "
          + bottoms[2].axesText)
    }
    return Plan(tops: [cells, cells], division: .parts, kept: [gates])
  }

  package func forward(_ pass: Pass) {
    let (before, gates, continues) = (pass.bottoms[0].data, pass.bottoms[1].data, pass.bottoms[2].data)
    let size = before.shape[2]
    pass.tops[0].data.write(reading: before, gates) { before, x, cells in
      pass.tops[1].data.write { outputs in
        for n in pass.share(of: continues.count) {
          let goes = continues.read { $0[n] }
          for d in 0..<size {
            let at = n * size + d, gate = 4 * n * size + d
            let i = logistic(x[gate]), f = goes == 0 ? 0 : goes * logistic(x[gate + size])
            let o = logistic(x[gate + 2 * size]), g = hyperbolicTangent(x[gate + 3 * size])
            cells[at] = f * before[at] + i * g
            outputs[at] = o * hyperbolicTangent(cells[at])
            guard pass.keeps else { continue }
            pass.kept[0].write { kept in
              (kept[gate], kept[gate + size], kept[gate + 2 * size], kept[gate + 3 * size]) = (i, f, o, g)
            }
          }
        }
      }
    }
  }

  package func backward(_ pass: Pass) {
    let (dc, dh) = (pass.tops[0].gradient, pass.tops[1].gradient)
    if pass.wanted[0] {
      pass.bottoms[0].gradient.write(reading: dc, dh) { dc, dh, dBefore in
        each(pass) { at, gates, tanhC in dBefore[at] = gates.cell(dc[at], dh[at], tanhC) * gates.f }
      }
    }
    guard pass.wanted[1] else { return }
    let size = pass.bottoms[0].shape[2]
    pass.bottoms[1].gradient.write(reading: dc, dh) { dc, dh, dx in
      each(pass) { at, gates, tanhC in
        let first = at / size * 4 * size + at % size, cell = gates.cell(dc[at], dh[at], tanhC)
        let before = pass.bottoms[0].data.read { $0[at] }
        dx[first] = cell * gates.g * gates.i * (1 - gates.i)
        dx[first + size] = cell * before * gates.f * (1 - gates.f)
        dx[first + 2 * size] = dh[at] * tanhC * gates.o * (1 - gates.o)
        dx[first + 3 * size] = cell * gates.i * (1 - gates.g * gates.g)
      }
    }
  }

  /// The gates of one cell.
  private struct Gates {
    let i: Float, f: Float, o: Float, g: Float

    /// The gradient of the cell after the step, from both tops.
    func cell(_ dc: Float, _ dh: Float, _ tanhC: Float) -> Float { dc + dh * o * (1 - tanhC * tanhC) }
  }

  /// Each cell of this part, with the gates that were kept and the hyperbolic tangent of what it holds after the step.
  @inline(__always)
  private func each(_ pass: Pass, _ body: (_ at: Int, _ gates: Gates, _ tanhC: Float) -> Void) {
    let size = pass.bottoms[0].shape[2]
    pass.kept[0].read { kept in
      pass.tops[0].data.read { cells in
        for n in pass.share(of: pass.bottoms[2].shape.count) {
          for d in 0..<size {
            let at = n * size + d, first = 4 * n * size + d
            let gates = Gates(
              i: kept[first], f: kept[first + size], o: kept[first + 2 * size], g: kept[first + 3 * size])
            body(at, gates, hyperbolicTangent(cells[at]))
          }
        }
      }
    }
  }
}

/// `1 / (1 + exp(-x))`, with the exponential in single precision.
private func logistic(_ x: Float) -> Float { Float(1 / (1 + Double(expf(-x)))) }

/// `tanh(x)` as `2 / (1 + exp(-2x)) - 1`, in double precision.
private func hyperbolicTangent(_ x: Float) -> Float { Float(2 / (1 + exp(-2 * Double(x))) - 1) }
