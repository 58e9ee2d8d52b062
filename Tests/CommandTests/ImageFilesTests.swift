import Foundation
import TestSupport
import Testing

/// Nets that read image files, run as a user runs them.
@Suite struct ImageFilesTests {
  /// A folder with three images, one of them cut off, and a net of ImageData that reads `list` twice.
  private func folder(_ list: String) throws -> ScratchFolder {
    let folder = try ScratchFolder()
    let images = FixtureFolder.path("files/images/")
    let jpeg = try contents(images + "colour_420.jpg")
    try write(jpeg, to: folder("whole.jpg"))
    try write(jpeg.prefix(jpeg.count / 2), to: folder("half.jpg"))
    try write("P3 2 1 255 1 2 3 250 251 252\n".utf8, to: folder("tiny.ppm"))
    try write(list.utf8, to: folder("list.txt"))
    let net = """
      layer { name: "data" type: "ImageData" top: "data" top: "label"
              image_data_param { source: "list.txt" batch_size: 3 new_height: 6 new_width: 7 } }
      layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc" inner_product_param { num_output: 3 } }
      layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" }
      """
    try write(net.utf8, to: folder("net.prototxt"))
    return folder
  }

  @Test func aDamagedImageIsOneWarning() throws {
    let folder = try folder("whole.jpg 0\nhalf.jpg 1\ntiny.ppm 2\n")
    let outcome = try Program.run(["time", "--model", "net.prototxt", "--iterations", "3"], in: folder.path)
    #expect(outcome.code == 0, "\(outcome.errors.suffix(600))")
    let warnings = outcome.lines.filter { $0.contains("warning: ") }
    #expect(warnings.count == 1 && warnings[0].contains("image 'half.jpg' is damaged (Premature end"), "\(warnings)")
  }

  @Test func aMissingImageIsOneErrorAtItsLine() throws {
    let folder = try folder("whole.jpg 0\ntiny.ppm 2\nno such.jpg 1\n")
    let outcome = try Program.run(["time", "--model", "net.prototxt", "--iterations", "3"], in: folder.path)
    #expect(outcome.code == 1)
    let errors = outcome.lines.filter { $0.contains("error: ") }
    #expect(errors.count == 1, "\(errors)")
    #expect(
      errors.first?.hasPrefix("list.txt:3:1: error: layer 'data' (ImageData): image 'no such.jpg': No such file")
        == true)
  }

  @Test func theShapeIsKnownWithoutTheImages() throws {
    let folder = try folder("")
    try FileManager.default.removeItem(atPath: folder("list.txt"))
    let outcome = try Program.run(["summary", "net.prototxt"], in: folder.path)
    #expect(outcome.code == 0, "\(outcome.errors.suffix(600))")
    #expect(outcome.output.contains("3x3x6x7"), "\(outcome.output)")
  }
}
