import Crema
import TestSupport
import Testing

/// Pooling of regions.
@Suite struct RegionTests {
  private let regions = Tensor(
    [5, 5],
    [
      0, 0, 0, 15, 15,  // the whole map
      1, 4, 2, 9, 12,
      1, -20, -20, -8, 6,  // left of the map
      0, 14, 14, 40, 50,  // beyond its corner
      1, 5, 5, 5, 5,
    ])

  @Test func maximaOfParts() throws {
    let x = random([2, 3, 8, 8]), at = reader(x)
    let run = try forward(
      "type: 'ROIPooling' bottom: 'a' bottom: 'b' roi_pooling_param { pooled_h: 4 pooled_w: 2 spatial_scale: 0.5 }",
      [x, regions])
    let expected = table([5, 3, 4, 2]) { r, c, row, column in
      let region = Array(regions.values[r * 5..<r * 5 + 5]).map { Double($0) }
      let corner = region[1...].map { ($0 / 2).rounded() }
      let height = max(corner[3] - corner[1] + 1, 1), width = max(corner[2] - corner[0] + 1, 1)
      let rows = range(
        (Double(row) * height / 4).rounded(.down), (Double(row + 1) * height / 4).rounded(.up), corner[1])
      let columns = range(
        (Double(column) * width / 2).rounded(.down), (Double(column + 1) * width / 2).rounded(.up), corner[0])
      let values = rows.flatMap { h in columns.map { w in at(Int(region[0]), c, h, w) } }
      return values.max() ?? 0
    }
    #expect(run.tops[0].data.values == expected.values)
    #expect(run.tops[0].data.values.contains(0))
  }

  /// The rows or columns of a map of eight.
  private func range(_ first: Double, _ end: Double, _ start: Double) -> [Int] {
    (0..<8).filter { Double($0) >= first + start && Double($0) < end + start }
  }

  @Test func averagesOfPartsOfTheirOwnPlanes() throws {
    let x = random([2, 8, 8, 8]), at = reader(x)
    let run = try forward(
      "type: 'PSROIPooling' bottom: 'a' bottom: 'b' psroi_pooling_param { spatial_scale: 0.5 output_dim: 2 group_size: 2 }",
      [x, regions])
    let expected = table([5, 2, 2, 2]) { r, output, row, column in
      let region = Array(regions.values[r * 5..<r * 5 + 5]).map { Double($0) }
      let (left, top) = (region[1] / 2, region[2] / 2)
      let width = max((region[3] + 1) / 2 - left, 0.1), height = max((region[4] + 1) / 2 - top, 0.1)
      let rows = range(
        (Double(row) * height / 2 + top).rounded(.down), (Double(row + 1) * height / 2 + top).rounded(.up), 0)
      let columns = range(
        (Double(column) * width / 2 + left).rounded(.down), (Double(column + 1) * width / 2 + left).rounded(.up), 0)
      let values = rows.flatMap { h in columns.map { w in at(Int(region[0]), output * 4 + row * 2 + column, h, w) } }
      return values.isEmpty ? 0 : values.reduce(0, +) / Float(values.count)
    }
    #expect(difference(run.tops[0].data, expected, .forward, what: "top") == nil)
  }

  @Test(arguments: ["ROIPooling", "PSROIPooling"])
  func regionsThatAreNoneAreReported(_ type: String) throws {
    let text =
      type == "ROIPooling"
      ? "type: 'ROIPooling' bottom: 'a' bottom: 'b' roi_pooling_param { pooled_h: 1 pooled_w: 1 }"
      : "type: 'PSROIPooling' bottom: 'a' bottom: 'b' psroi_pooling_param { spatial_scale: 1 output_dim: 4 group_size: 1 }"
    for (row, message) in [
      ([2, 0, 0, 1, 1] as [Float], "region 1 is of image 2.0, and there are the images 0..<2"),
      ([-1, 0, 0, 1, 1], "region 1 is of image -1.0"), ([.nan, 0, 0, 1, 1], "region 1 is of image nan"),
      ([0, 0, .nan, 1, 1], "region 1 has corners at 0.0, nan"), ([0, 0, 0, .infinity, 1], "no places of pixels"),
      ([0, 0, 0, 1e30, 1], "no places of pixels"),
    ] {
      let run = try forward(text, [Tensor([2, 4, 3, 3]), Tensor([2, 5], [0, 0, 0, 1, 1] + row)])
      let failure = run.takeFailure() ?? ""
      #expect(failure.contains(message), "\(failure)")
      run.backward(pieces: 2)
    }
  }
}
