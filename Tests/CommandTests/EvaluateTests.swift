import Foundation
import TestSupport
import Testing

/// Whole databases scored image by image, as a user does it.
@Suite struct EvaluateTests {
  private static let weights = "snapshot_binaryproto/snap_iter_10.caffemodel"
  private static let net = "snapshot_binaryproto/net.prototxt"

  private func scratch() throws -> Scratch {
    try Scratch(copying: ["snapshot_binaryproto", "test_lmdb", "train_lmdb"], of: "training")
  }

  private struct Contents: Decodable {
    struct Result: Decodable {
      struct Matrix: Decodable { let counts: [[Int]] }
      let images: Int, errors: Int, accuracy: Double, matrix: Matrix
    }
    let results: [Result]
  }

  private func contents(_ path: String) throws -> Contents {
    try JSONDecoder().decode(Contents.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }

  @Test func accuracyIsThatOfCaffesTest() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let words = ["--model", Self.net, "--weights", Self.weights]
    let run = try Program.run(
      ["evaluate"] + words + ["--output", "r.json", "--predictions", "p.csv"], in: scratch.path)
    #expect(run.code == 0, "\(run.errors)")
    let result = try #require(contents("\(scratch.path)/r.json").results.first)
    let lines = try String(contentsOfFile: "\(scratch.path)/p.csv", encoding: .utf8).split(separator: "\n")
    #expect(lines.count == result.images + 1)
    let test = try Program.run(
      ["test"] + words + ["--iterations", "\(result.images / 20)"], in: scratch.path)
    let match = try #require(test.errors.matches(of: /\] accuracy = ([0-9.]+)\n/).last)
    let accuracy = try #require(Double(match.1))
    #expect(result.images % 20 == 0 && abs(result.accuracy - accuracy) < 1e-5)
    #expect(result.matrix.counts.joined().reduce(0, +) == result.images)
  }

  @Test func crossTestsSeveralSetsAndDraws() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let run = try Program.run(
      [
        "evaluate", "--model", Self.net, "--model", Self.net, "--weights", "a=\(Self.weights)", "--weights",
        "b=\(Self.weights)", "--data", "one=test_lmdb", "--data",
        "two=train_lmdb", "--output", "r.csv", "--output", "r.md", "--output", "r.svg", "--output", "r.png", "--curve",
        "roc.png", "--hide-small",
      ], in: scratch.path)
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.output.contains("model \\ test set") && run.output.contains("a on two"))
    for file in ["r.csv", "r.md", "r.svg", "r.png", "roc.png"] {
      let size = try #require(
        FileManager.default.attributesOfItem(atPath: "\(scratch.path)/\(file)")[.size] as? Int)
      #expect(size > 100, "\(file)")
    }
  }

  @Test func aBaselineGivesTheErrorReduction() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let words = ["evaluate", "--model", Self.net, "--weights", Self.weights]
    #expect(try Program.run(words + ["--output", "r.json"], in: scratch.path).code == 0)
    let run = try Program.run(words + ["--baseline", "r.json"], in: scratch.path)
    #expect(run.code == 0 && run.output.contains("no relative error reduction"), "\(run.errors)")
  }

  @Test(arguments: [
    (["--weights", weights], "needs a net"), (["--model", net], "needs weights"),
    (["--model", net, "--model", net, "--weights", weights], "--model is given 2 times and --weights 1 times"),
    (["--model", net, "--weights", weights, "--classes", "a,b"], "--classes names 2 classes"),
    (["--model", net, "--weights", weights, "--scores", "acuracy"], "did you mean"),
    (["--model", net, "--weights", weights, "--data", "nowhere"], "does not exist"),
    (["--model", net, "--weights", weights, "--weights", weights], "NAME="),
    (["--model", net, "--weights", weights, "--baseline", net], "is no result of crema evaluate"),
    (["--model", net, "--weights", weights, "--output", "x.txt"], "--output takes a file"),
  ])
  func mistakesAreNamed(_ words: [String], _ wanted: String) throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let run = try Program.run(["evaluate"] + words, in: scratch.path)
    #expect(run.code == (words.contains("x.txt") ? 64 : 1), "\(run.output)")
    #expect(run.errors.contains(wanted), "\(run.errors)")
  }

  @Test func mapsOfADatabaseImageAndFilters() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let run = try Program.run(
      [
        "maps", "--model", Self.net, "--weights", Self.weights, "--data", "test_lmdb", "--index", "23", "--filters",
        "conv1", "--output", "maps.png",
      ], in: scratch.path)
    #expect(run.code == 0, "\(run.errors)")
    let size = try #require(FileManager.default.attributesOfItem(atPath: "\(scratch.path)/maps.png")[.size] as? Int)
    #expect(size > 2000)
    let wrong = try Program.run(
      ["maps", "--model", Self.net, "--weights", Self.weights, "--data", "test_lmdb", "--blobs", "conv9"],
      in: scratch.path)
    #expect(wrong.code == 1 && wrong.errors.contains("has no blob 'conv9'"))
  }
}
