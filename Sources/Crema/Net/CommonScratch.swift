/// Memory that the calls of all steps use one after the other: a piece for each worker, as large as the neediest call.
package final class CommonScratch {
  private var pieces: [Tensor]

  init(workers: Int) { pieces = (0..<workers).map { _ in Tensor([0]) } }

  /// Makes room for these shapes, before a step that needs them runs.
  func reserve(_ shapes: [Shape]) {
    let count = shapes.reduce(0) { $0 + $1.count }
    if count > pieces[0].count { pieces = pieces.map { _ in Tensor([count]) } }
  }

  /// The memory of these shapes, one behind the other, for one call.
  func lend(_ shapes: [Shape], _ worker: Int) -> [Tensor] {
    var at = 0
    return shapes.map { shape in
      defer { at += shape.count }
      return pieces[worker].view(shape, from: at)
    }
  }
}
