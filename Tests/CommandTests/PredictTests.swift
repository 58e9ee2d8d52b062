import Foundation
import Images
import TestSupport
import Testing

/// Image files classified, as a user does it.
@Suite struct PredictTests {
  private static let weights = "snapshot_binaryproto/snap_iter_10.caffemodel"
  private static let net = "snapshot_binaryproto/net.prototxt"

  /// A folder with a net, its database, and six images of the size of that database's.
  private func scratch() throws -> (scratch: Scratch, files: [String]) {
    let scratch = try Scratch(copying: ["snapshot_binaryproto", "test_lmdb"], of: "training")
    let summary = try Program.run(["summary", Self.net], in: scratch.path)
    let match = try #require(summary.output.firstMatch(of: /20x3x(\d+)x(\d+)/))
    let (height, width) = (try #require(Int(match.1)), try #require(Int(match.2)))
    var numbers = Numbers(3)
    let files = try (0..<6).map { index in
      let pixels = (0..<height * width * 3).map { _ in UInt8((numbers.next() + 1) * 127) }
      let bytes = try Image(width: width, height: height, channels: 3, pixels: pixels).pngData()
      try Data(bytes).write(to: URL(fileURLWithPath: "\(scratch.path)/\(index).png"))
      return "\(index).png"
    }
    return (scratch, files)
  }

  private func table(_ path: String) throws -> [[String]] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: ",").map(String.init)
    }
  }

  /// The scores are those of the same images in a database, but for the rounding of another batch size.
  @Test func scoresAreThoseOfADatabase() throws {
    let (scratch, files) = try scratch()
    defer { scratch.remove() }
    let list = files.map { "\($0) 1\n" }.joined()
    try list.write(toFile: "\(scratch.path)/list.txt", atomically: true, encoding: .utf8)
    #expect(try Program.run(["convert-imageset", "./", "list.txt", "images_lmdb"], in: scratch.path).code == 0)
    let words = ["--model", Self.net, "--weights", Self.weights]
    let evaluated = try Program.run(
      ["evaluate"] + words + ["--data", "images_lmdb", "--predictions", "p.csv"], in: scratch.path)
    #expect(evaluated.code == 0, "\(evaluated.errors)")
    let run = try Program.run(
      ["predict"] + words + ["--classes", "cat,dog,bird", "--output", "q.csv", "--explain", "--top", "2"] + files,
      in: scratch.path)
    #expect(run.code == 0, "\(run.errors)")
    let expected = try table("\(scratch.path)/p.csv").dropFirst().map { $0.suffix(3) }
    let found = try table("\(scratch.path)/q.csv")
    #expect(found.first == ["file", "score cat", "score dog", "score bird"])
    let pairs = zip(found.dropFirst().flatMap { $0.suffix(3) }, expected.joined()).compactMap { found, wanted in
      Double(found).flatMap { found in Double(wanted).map { (found, $0) } }
    }
    #expect(pairs.count == 18 && pairs.allSatisfy { abs($0 - $1) < 1e-6 + 1e-5 * $1 })
    #expect(found.dropFirst().map { $0[0] } == files)
    #expect(run.output.contains("images: blue, green, red; resized to") && run.output.contains("times 0.00390625"))
    #expect(run.output.matches(of: /\ \ 0\.\d{4}\ \ \d\ \ (cat|dog|bird)\n/).count == 12)
  }

  @Test func theDataOfATrainingNetNeedNotBeThere() throws {
    let (scratch, files) = try scratch()
    defer { scratch.remove() }
    let words = ["predict", "--model", Self.net, "--weights", Self.weights, files[0], files[1]]
    let expected = try Program.run(words, in: scratch.path)
    try FileManager.default.removeItem(atPath: "\(scratch.path)/test_lmdb")
    let missing = try Program.run(words, in: scratch.path)
    #expect(
      missing.code == 1 && missing.errors.contains("give the size of its images with --resize"), "\(missing.errors)")
    let run = try Program.run(words + ["--resize", "32"], in: scratch.path)
    #expect(run.code == 0 && expected.code == 0 && run.output == expected.output, "\(run.errors)")
  }

  /// The training net's layers behind an Input layer, with the options that say what its data layer says: the same scores.
  @Test func aDeployNetTakesItsOptions() throws {
    let (scratch, files) = try scratch()
    defer { scratch.remove() }
    let text = try String(contentsOfFile: "\(scratch.path)/\(Self.net)", encoding: .utf8)
    let start = try #require(text.range(of: "layer {\n  name: \"conv1\"")?.lowerBound)
    let end = try #require(text.range(of: "layer {\n  name: \"accuracy\"")?.lowerBound)
    let deploy =
      "layer { name: 'data' type: 'Input' top: 'data' input_param { shape { dim: 7 dim: 3 dim: 32 dim: 32 } } }\n"
      + text[start..<end]
      + "layer { name: 'prob' type: 'Softmax' bottom: 'ip' top: 'prob' }"
    try deploy.write(toFile: "\(scratch.path)/deploy.prototxt", atomically: true, encoding: .utf8)
    let words = ["predict", "--weights", Self.weights] + files
    let expected = try Program.run(words + ["--model", Self.net], in: scratch.path)
    let plain = try Program.run(words + ["--model", "deploy.prototxt"], in: scratch.path)
    let scaled = try Program.run(words + ["--model", "deploy.prototxt", "--scale", "0.00390625"], in: scratch.path)
    #expect(expected.code == 0 && plain.code == 0 && scaled.code == 0, "\(scaled.errors)")
    #expect(scaled.output == expected.output && plain.output != expected.output)
  }

  @Test func unusableFilesAreNamed() throws {
    let (scratch, files) = try scratch()
    defer { scratch.remove() }
    let run = try Program.run(
      ["predict", "--model", Self.net, "--weights", Self.weights, files[0], "no.png", Self.net, files[1]],
      in: scratch.path)
    #expect(run.code == 1)
    #expect(run.output.contains("\(files[0])\n  0.") && run.output.contains("\(files[1])\n  0."))
    #expect(run.errors.contains("image 'no.png'") && run.errors.contains("2 of 4 images could not be classified"))
  }

  @Test(arguments: [
    (["--weights", weights], "needs a net"), (["--model", net], "needs weights"),
    (["--model", net, "--weights", weights, "--classes", "a,b"], "--classes names 2 classes"),
    (["--model", net, "--weights", weights, "--crop-size", "1000"], "images would come as 1000x1000"),
    (["--model", net, "--weights", weights, "--resize", "40x30"], "images would come as 40x30 (height x width), but"),
    (["--model", net, "--weights", weights, "--resize", "0x3"], "--resize takes 256 or 240x320"),
  ])
  func mistakesAreNamed(_ words: [String], _ wanted: String) throws {
    let (scratch, files) = try scratch()
    defer { scratch.remove() }
    let run = try Program.run(["predict"] + words + [files[0]], in: scratch.path)
    #expect(run.code == (words.contains("0x3") ? 64 : 1), "\(run.output)")
    #expect(run.errors.contains(wanted), "\(run.errors)")
  }
}
