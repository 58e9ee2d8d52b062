/// Square tiles of surface relief with mean 0 and variance 1 that repeat without a seam.
struct Textures {
  static let side = 256
  /// The tiles: clouds, grain, streaks, weave.
  let tiles: [[Float]]

  init(seed: UInt64) {
    var random = Random(seed: seed, stream: UInt64.max)
    var clouds = [Float](repeating: 0, count: Textures.side * Textures.side)
    for exponent in 0...6 {
      Textures.addNoise(to: &clouds, cellWidth: 1 << exponent, cellHeight: 1 << exponent, &random)
    }
    var grain = [Float](repeating: 0, count: Textures.side * Textures.side)
    Textures.addNoise(to: &grain, cellWidth: 1, cellHeight: 1, &random)
    Textures.addNoise(to: &grain, cellWidth: 2, cellHeight: 2, &random)
    var streaks = [Float](repeating: 0, count: Textures.side * Textures.side)
    for exponent in 0...3 {
      Textures.addNoise(to: &streaks, cellWidth: 16 << exponent, cellHeight: 1 << exponent, &random)
    }
    var weave = Textures.weave()
    Textures.addNoise(to: &weave, cellWidth: 2, cellHeight: 2, &random)
    tiles = [clouds, grain, streaks, weave].map(Textures.normalized)
  }

  /// Adds noise that is interpolated between cell corners, with an amplitude that grows with the cells.
  private static func addNoise(
    to tile: inout [Float], cellWidth: Int, cellHeight: Int, _ random: inout Random
  ) {
    let columns = side / cellWidth
    let rows = side / cellHeight
    let amplitude = Float(cellHeight).squareRoot()
    let corners = (0..<(columns * rows)).map { _ in random.normal() * amplitude }
    for y in 0..<side {
      let row = y / cellHeight
      let below = (row + 1) % rows
      let down = eased(Float(y % cellHeight) / Float(cellHeight))
      for x in 0..<side {
        let column = x / cellWidth
        let right = (column + 1) % columns
        let along = eased(Float(x % cellWidth) / Float(cellWidth))
        let upper = corners[row * columns + column]
        let upperRight = corners[row * columns + right]
        let lower = corners[below * columns + column]
        let lowerRight = corners[below * columns + right]
        let top = upper + (upperRight - upper) * along
        let bottom = lower + (lowerRight - lower) * along
        tile[y * side + x] += top + (bottom - top) * down
      }
    }
  }

  private static func eased(_ fraction: Float) -> Float {
    fraction * fraction * (3 - 2 * fraction)
  }

  /// Threads that cross every eight pixels, over and under by turns.
  private static func weave() -> [Float] {
    (0..<(side * side)).map { index in
      let x = index % side
      let y = index / side
      let across = abs(Float(x % 8) - 3.5) / 3.5
      let along = abs(Float(y % 8) - 3.5) / 3.5
      return ((x / 8 + y / 8) % 2 == 0 ? across : along) * 6
    }
  }

  private static func normalized(_ tile: [Float]) -> [Float] {
    let count = Float(tile.count)
    let mean = tile.reduce(0, +) / count
    let variance = tile.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    let scale = 1 / variance.squareRoot()
    return tile.map { ($0 - mean) * scale }
  }
}
