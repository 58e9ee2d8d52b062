import Charts
import Foundation
import Images
import TestSupport
import Testing

/// Pictures are files that can be read, with what they should show.
@Suite struct PictureTests {
  private func chart() -> MatrixChart {
    MatrixChart(
      rows: ["real", "fake"], columns: ["real", "fake"],
      cells: [[(1, "100.00%"), (0, "0.00%")], [(0.25, "25.00%"), (0.75, "75.00%")]])
  }

  @Test func svgHoldsTheTexts() throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/chart.svg"
    try chart().write(.svg, to: path)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.hasPrefix("<?xml") && text.contains("</svg>"))
  }

  @Test func colourlessLinesAreDashed() throws {
    let folder = try ScratchFolder()
    for count in [8, 9] {
      let series = (0..<count).map { CurveChart.Series(name: "\($0)", points: [(0, Double($0)), (1, 1)]) }
      let path = "\(folder.path)/\(count).svg"
      try CurveChart(series).write(.svg, to: path)
      #expect(try String(contentsOfFile: path, encoding: .utf8).contains("stroke-dasharray") == (count > 8))
    }
  }

  @Test func pngIsDarkWhereSharesAreLarge() throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/chart.png"
    try chart().write(.png, to: path)
    let image = try Image(contentsOf: path)
    #expect(image.width > 150 && image.height > 120)
    let blue = stride(from: 0, to: image.pixels.count, by: 3).count {
      image.pixels[$0] > 170 && image.pixels[$0 + 2] < 20
    }
    #expect(blue > 1500, "the cell of 100 % is filled with the first colour")
  }

  @Test func mapsGoFromBlackToWhite() throws {
    let folder = try ScratchFolder()
    let path = "\(folder.path)/maps.png"
    let map = MapGrid.Map(width: 2, height: 2, values: [0, 1, 2, .nan])
    let section = MapGrid.Section(title: "a", columns: ["0"], rows: [("one", [map])], hasCommonScale: false)
    try MapGrid(title: "maps", sections: [section], side: 64).write(.png, to: path)
    let image = try Image(contentsOf: path)
    func count(_ blue: UInt8, _ red: UInt8) -> Int {
      stride(from: 0, to: image.pixels.count, by: 3).count { image.pixels[$0] == blue && image.pixels[$0 + 2] == red }
    }
    #expect(count(0, 0) > 900 && count(128, 128) > 900 && count(0x22, 0xCC) > 900)
  }

  @Test func sizesThatCannotBeDrawnAreRefused() throws {
    let folder = try ScratchFolder()
    #expect(throws: PictureError.self) {
      try Canvas.write(.png, to: "\(folder.path)/large.png", width: 40000, height: 10) { _ in }
    }
    #expect(throws: PictureError.self) {
      try Canvas.write(.png, to: "\(folder.path)/missing/large.png", width: 10, height: 10) { _ in }
    }
  }
}
