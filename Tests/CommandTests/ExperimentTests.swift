import Foundation
import Images
import LMDB
import LevelDB
import TestSupport
import Testing

/// `crema experiment` on a small net with dropout, batch statistics and momentum, and images that it makes.
@Suite struct ExperimentTests {
  private static let net = """
    layer {
      name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN }
      data_param { source: "nowhere" batch_size: 5 backend: LMDB }
    }
    layer {
      name: "data" type: "Data" top: "data" top: "label" include { phase: TEST }
      data_param { source: "nowhere" batch_size: 4 backend: LMDB }
    }
    layer {
      name: "conv" type: "Convolution" bottom: "data" top: "conv"
      convolution_param { num_output: 4 kernel_size: 5 stride: 8 weight_filler { type: "xavier" } }
    }
    layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" param { lr_mult: 0 } param { lr_mult: 0 } param { lr_mult: 0 } }
    layer { name: "drop" type: "Dropout" bottom: "conv" top: "conv" }
    layer {
      name: "scores" type: "InnerProduct" bottom: "conv" top: "scores"
      inner_product_param { num_output: 7 weight_filler { type: "xavier" } }
    }
    layer { name: "accuracy" type: "Accuracy" bottom: "scores" bottom: "label" top: "accuracy" include { phase: TEST } }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "scores" bottom: "label" top: "loss" }
    """

  private static let solver = """
    net: "nowhere" test_iter: 3 test_interval: 2 base_lr: 0.01 lr_policy: "step" stepsize: 100 gamma: 0.5 momentum: 0.9
    max_iter: 1000 snapshot_prefix: "nowhere"
    """

  private static let experiment = """
    name: "A table | small"
    network { name: "One" path: "net" }
    network { name: "Two" path: "net" solver { base_lr: 0.02 } }
    dataset { name: "scenes" generated { images: 12 test_images: 10 labels: FAKE } }
    seed: 1 seed: 2
    classes: 2 iterations: 7 snapshot: 2 settle: 2
    reference: "One"
    small { seed: 3 iterations: 1 settle: 0 }
    """

  /// A folder with the net and experiments in it.
  private func folder(_ texts: [String: String] = [:]) throws -> ScratchFolder {
    let folder = try ScratchFolder()
    try FileManager.default.createDirectory(atPath: folder("net"), withIntermediateDirectories: true)
    let files = [
      "net/train_val.prototxt": Self.net, "net/solver.prototxt": Self.solver, "table.prototxt": Self.experiment,
    ]
    for (name, text) in files.merging(texts, uniquingKeysWith: { $1 }) {
      try text.write(toFile: folder(name), atomically: true, encoding: .utf8)
    }
    return folder
  }

  /// The bytes of everything that a run ends with, but for the databases.
  private func results(_ folder: ScratchFolder, _ place: String) throws -> [String: [UInt8]] {
    var results: [String: [UInt8]] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder(place)) where !name.hasPrefix("data") {
      var isFolder: ObjCBool = false
      let path = folder("\(place)/\(name)")
      if unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue {
        results[name] = try contents(path)
      }
    }
    return results
  }

  private struct Table: Decodable {
    struct Row: Decodable {
      struct Cell: Decodable {
        struct Matrix: Decodable { let counts: [[Int]] }
        let matrices: [Matrix], accuracies: [Double], mean: Double, spread: Double?
      }
      let network: String, cells: [Cell], relativeErrorReduction: Double?
    }
    let seeds: [Int], testedOn: [String], rows: [Row]
  }

  @Test func writesTheTable() throws {
    let folder = try folder()
    let outcome = try Program.run(["experiment", "table.prototxt", "--threads", "1"], in: folder.path)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("Two, scenes, seed 2: 7 updates"))
    let table = try JSONDecoder().decode(Table.self, from: Data(contents(folder("table/table.json"))))
    #expect(table.seeds == [1, 2] && table.testedOn == ["scenes"] && table.rows.map(\.network) == ["One", "Two"])
    var errors: [Int] = []
    for row in table.rows {
      let cell = row.cells[0],
        accuracies = cell.matrices.map { matrix in
          Double(matrix.counts[0][0] + matrix.counts[1][1]) / 10
        }
      #expect(cell.matrices.allSatisfy { $0.counts.joined().reduce(0, +) == 10 })
      #expect(cell.accuracies == accuracies)
      #expect(abs(cell.mean - (accuracies[0] + accuracies[1]) / 2) < 1e-12)
      #expect(abs((cell.spread ?? -1) - abs(accuracies[0] - accuracies[1]) / 2.0.squareRoot()) < 1e-12)
      errors.append(20 - Int((20 * cell.mean).rounded()))
    }
    let expected = errors[1] > errors[0] ? Double(errors[1] - errors[0]) / Double(errors[1]) : nil
    #expect(table.rows[1].relativeErrorReduction == expected)
    #expect(table.rows[0].relativeErrorReduction == nil)
    let csv = String(decoding: try contents(folder("table/table.csv")), as: UTF8.self).split(separator: "\n")
    #expect(csv.count == 5 && csv[0] == "network,trained_on,tested_on,seed,images,errors,accuracy,diverged_at")
    #expect(csv[1].hasPrefix("One,scenes,scenes,1,10,"))
    let markdown = String(decoding: try contents(folder("table/table.md")), as: UTF8.self)
    #expect(markdown.contains("| network | scenes | RER |\n| --- | ---: | ---: |\n| One | "))
    #expect(outcome.output.hasPrefix("A table | small\n\nnetwork"))
    // All is there, wherever the folder is: nothing is trained again.
    try FileManager.default.moveItem(atPath: folder("table"), toPath: folder("moved"))
    let again = try Program.run(["experiment", "table.prototxt", "--folder", "moved"], in: folder.path)
    #expect(again.code == 0 && !again.errors.contains("updates") && again.output == outcome.output)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder("moved/runs/one/scenes/seed-1")).sorted() == [
        "loss.csv", "run.prototxt", "test-scenes.json", "trained.caffemodel",
      ])
  }

  @Test func drawsTheLosses() throws {
    let folder = try folder()
    #expect(try Program.run(["experiment", "table.prototxt"], in: folder.path).code == 0)
    let losses = try String(contentsOfFile: folder("table/runs/one/scenes/seed-1/loss.csv"), encoding: .utf8)
    let lines = losses.split(separator: "\n")
    #expect(lines.count == 8 && lines[0] == "update,loss" && lines[7].hasPrefix("7,"))
    let picture = try Image(contentsOf: folder("table/table-loss.png"))
    // The second line of the chart is orange: blue, green, red.
    let orange = stride(from: 0, to: picture.pixels.count, by: 3).count {
      picture.pixels[$0] < 10 && picture.pixels[$0 + 2] > 200
    }
    #expect(orange > 100, "\(orange)")
  }

  @Test func aRunThatDivergesIsMarked() throws {
    let text = Self.experiment.replacing("base_lr: 0.02", with: "base_lr: 1e38")
      .replacing("name: \"Two\"", with: "name: \"Two\" iterations: 50")
    let folder = try folder(["table.prototxt": text])
    let outcome = try Program.run(["experiment", "table.prototxt"], in: folder.path)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("Two, scenes, seed 1: diverged at update "), "\(outcome.errors)")
    let markdown = String(decoding: try contents(folder("table/table.md")), as: UTF8.self)
    let match = try #require(markdown.firstMatch(of: /\| Two \| diverged at (\d+), (\d+) \| - \|/), "\(markdown)")
    let update = try #require(Int(match.1))
    #expect(
      update > 0 && update < 50 && markdown.contains("Diverged, and in no mean: Two, scenes, seed 1 (update \(update)"))
    let csv = String(decoding: try contents(folder("table/table.csv")), as: UTF8.self)
    #expect(csv.contains("Two,scenes,scenes,1,,,,\(update)\n"), "\(csv)")
    let run = try FileManager.default.contentsOfDirectory(atPath: folder("table/runs/two/scenes/seed-1")).sorted()
    #expect(run == ["diverged.json", "loss.csv", "run.prototxt"])
    let again = try Program.run(["experiment", "table.prototxt"], in: folder.path)
    #expect(again.code == 0 && again.output == outcome.output && !again.errors.contains("updates,"))
    #expect(again.errors.contains("Two, scenes, seed 1: diverged at update \(update)"))
  }

  @Test func takesLevelDBs() throws {
    let text = """
      name: "Both" classes: 2 iterations: 4 snapshot: 3 seed: 1
      network { path: "net" }
      dataset { name: "A" generated { images: 12 test_images: 6 labels: FAKE } }
      """
    let level = text.replacing(
      "generated { images: 12 test_images: 6 labels: FAKE }", with: "train: \"train_leveldb\" test: \"test_leveldb\"")
    let folder = try folder(["a.prototxt": text, "b.prototxt": level])
    #expect(try Program.run(["experiment", "a.prototxt"], in: folder.path).code == 0)
    for (name, source) in [("train", "scenes-1-12-fake"), ("test", "scenes-1000001-6-fake")] {
      var cursor = try LMDB.Cursor(path: folder("a/data/\(source)")),
        writer = try LevelDB.Writer(creating: folder("\(name)_leveldb"))
      while let record = try cursor.next({ (Self.bytes($0), Self.bytes($1)) }) {
        try writer.put(String(decoding: record.0, as: UTF8.self), record.1)
      }
      try writer.close()
    }
    let outcome = try Program.run(["experiment", "b.prototxt"], in: folder.path)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let losses = try ["a", "b"].map { try contents(folder("\($0)/runs/net/a/seed-1/loss.csv")) }
    #expect(!losses[0].isEmpty && losses[0] == losses[1])
    #expect(try contents(folder("a/a.csv")) == contents(folder("b/b.csv")))
  }

  private static func bytes(_ span: RawSpan) -> [UInt8] { unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }

  @Test func killedRunsEndWithTheSameBits() throws {
    let text = Self.experiment.replacing("iterations: 7 snapshot: 2", with: "iterations: 40 snapshot: 3")
    let whole = try folder(["table.prototxt": text])
    let outcome = try Program.run(["experiment", "table.prototxt", "--threads", "1"], in: whole.path)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let expected = try results(whole, "table")
    #expect(expected.keys.filter { $0.hasSuffix("trained.caffemodel") }.count == 4)
    for round in 0..<2 {
      let killed = try folder(["table.prototxt": text])
      for kill in 0..<8 { try kill9(killed, after: 0.03 + 0.06 * Double((kill * 5 + round * 3) % 8)) }
      let outcome = try Program.run(["experiment", "table.prototxt", "--threads", "2"], in: killed.path)
      #expect(outcome.code == 0, "\(outcome.errors)")
      let results = try results(killed, "table")
      #expect(Set(results.keys).symmetricDifference(expected.keys) == [])
      for (name, bytes) in expected { #expect(results[name] == bytes, "\(name)") }
    }
  }

  private func kill9(_ folder: ScratchFolder, after seconds: Double) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments = ["experiment", "table.prototxt", "--threads", "1"]
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    try process.run()
    Thread.sleep(forTimeInterval: seconds)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  @Test func otherDefinitionsAreNotMixed() throws {
    let folder = try folder(["other.prototxt": Self.experiment.replacing("iterations: 7", with: "iterations: 3")])
    #expect(try Program.run(["experiment", "table.prototxt", "--folder", "t"], in: folder.path).code == 0)
    let before = try results(folder, "t")
    let refused = try Program.run(["experiment", "other.prototxt", "--folder", "t"], in: folder.path)
    #expect(refused.code == 1)
    #expect(refused.errors.contains("'max_iter: 7' was trained, 'max_iter: 3' is wanted"), "\(refused.errors)")
    #expect(refused.errors.contains("--retrain"))
    #expect(try results(folder, "t") == before)
    let retrained = try Program.run(["experiment", "other.prototxt", "--folder", "t", "--retrain"], in: folder.path)
    #expect(retrained.code == 0 && retrained.errors.contains("One, scenes, seed 1: 3 updates"), "\(retrained.errors)")
    let small = try Program.run(["experiment", "table.prototxt", "--small"], in: folder.path)
    #expect(small.code == 0 && small.errors.contains("Two, scenes, seed 3: 1 updates"), "\(small.errors)")
    #expect(FileManager.default.fileExists(atPath: folder("table-small/table-small.md")))
  }

  @Test func imagesGoThroughOperationsInTurn() throws {
    let text = Self.experiment.replacing(
      "images: 12", with: "images: 24 operation: 'Raw' operation: 'JP60' operation: 'JP2:4' operation: 'SC-mix'")
    let folder = try folder([
      "table.prototxt": text,
      "plain.prototxt": text.replacing("operation: 'JP60' operation: 'JP2:4' operation: 'SC-mix'", with: ""),
    ])
    for file in ["table", "plain"] {
      let outcome = try Program.run(["experiment", "\(file).prototxt"], in: folder.path)
      #expect(outcome.code == 0, "\(outcome.errors)")
    }
    func records(_ path: String) throws -> [[UInt8]] {
      var cursor = try LMDB.Cursor(path: folder(path)), records: [[UInt8]] = []
      while let record = try cursor.next({ _, value in unsafe value.withUnsafeBytes { unsafe [UInt8]($0) } }) {
        records.append(record)
      }
      return records
    }
    let plain = try records("plain/data/scenes-1-24-fake")
    let changed = try records("table/data/scenes-1-24-fake-raw-jp60-jp2_4-sc-mix")
    #expect(plain.count == 24 && changed.count == 24)
    for index in 0..<24 { #expect((plain[index] == changed[index]) == (index < 6), "\(index)") }
  }

  @Test func crossTestsEveryRunOnEverySet() throws {
    let text = """
      name: "Cross" cross_test: true classes: 2 iterations: 1 seed: 5
      network { path: "net" }
      dataset { name: "A" generated { images: 12 test_images: 6 seed: 1 labels: FAKE } }
      dataset { name: "B" train: "cross/data/scenes-1-12-fake" }
      dataset { name: "C" test: "cross/data/scenes-1000001-6-fake" }
      """
    let folder = try folder(["cross.prototxt": text])
    let outcome = try Program.run(["experiment", "cross.prototxt"], in: folder.path)
    #expect(outcome.code == 0, "\(outcome.errors)")
    let lines = String(decoding: try contents(folder("cross/cross.md")), as: UTF8.self).split(separator: "\n")
    #expect(lines.contains("| network | trained on | A | C | average |"))
    let rows = lines.filter { $0.hasPrefix("| net |") }
    #expect(rows.count == 2)
    // Both train on the same images, and both sets are the same.
    let cells = rows.map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
    #expect(cells[0][2] == cells[0][3] && Array(cells[0][2...]) == Array(cells[1][2...]))
  }

  @Test(arguments: [
    ("seed: 1 seed: 2", "seeds: 1", "table.prototxt:5:1: error: Experiment has no field 'seeds'; did you mean 'seed'?"),
    ("seed: 1 seed: 2", "", "the experiment has no seed"),
    ("seed: 1 seed: 2", "seed: 1 seed: 1", "a seed is given twice"),
    ("base_lr: 0.02", "max_iter: 3", "table.prototxt:3:54: error: the experiment itself decides about 'max_iter'"),
    ("base_lr: 0.02", "base_rate: 3", "SolverParameter has no field 'base_rate'"),
    ("iterations: 7", "iterations: 0", "iterations must be at least 1, not 0"),
    ("iterations: 7", "", "neither the experiment nor the network says iterations"),
    ("name: \"Two\"", "name: \"one\"", "two networks are named 'one' and 'One', which are one name for files"),
    ("path: \"net\" }", "path: \"nets\" }", "network 'One': 'nets/train_val.prototxt' does not exist"),
    ("path: \"net\" }", "}", "the network has no path"),
    ("reference: \"One\"", "reference: \"Tow\"", "no network is named 'Tow'; did you mean 'Two'?"),
    ("labels: FAKE", "labels: REAL", "'REAL' is no value of 'labels'"),
    ("labels: FAKE", "operation: 'JP600'", "there is no operation 'JP600'; there are Raw, ME3"),
    ("generated {", "train: 'x' generated {", "has both databases and generated"),
    ("generated { images: 12 test_images: 10 labels: FAKE }", "train: 'x'", "dataset 'scenes' has nothing to test on"),
    (
      "generated { images: 12 test_images: 10 labels: FAKE }", "train: 'x' test: 'y'", "the database 'x' does not exist"
    ),
    ("generated { images: 12 test_images: 10 labels: FAKE }", "test: 'x'", "no dataset to train on"),
    ("images: 12", "images: 0", "no dataset to train on"),
    ("classes: 2", "classes: 1", "classes must be at least 2, not 1"),
  ])
  func refuses(_ part: String, _ replacement: String, _ message: String) throws {
    let folder = try folder(["table.prototxt": Self.experiment.replacing(part, with: replacement, maxReplacements: 1)])
    let outcome = try Program.run(["experiment", "table.prototxt"], in: folder.path)
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
  }

  @Test func labelsThatAreNoClassAreNamed() throws {
    let folder = try folder(["table.prototxt": Self.experiment.replacing("labels: FAKE", with: "labels: KIND")])
    let outcome = try Program.run(["experiment", "table.prototxt"], in: folder.path)
    #expect(outcome.code == 1 && outcome.errors.contains("error:"), "\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder("table/table.md")))
  }

  /// The ready files are read, and their networks found, up to the authors' images, which nobody has here.
  @Test func readyFilesAreReady() throws {
    let top = ProjectFolder.path("."), folder = try ScratchFolder()
    let files = try FileManager.default.contentsOfDirectory(atPath: ProjectFolder.path("prototxt/experiments"))
    #expect(files.count == 11)
    for file in files where !["every-network.prototxt", "example-8.prototxt"].contains(file) {
      let outcome = try Program.run(
        ["experiment", "prototxt/experiments/\(file)", "--folder", folder("work")], in: top)
      #expect(outcome.code == 1 && outcome.errors.contains("_lmdb' does not exist"), "\(file): \(outcome.errors)")
    }
    for file in ["table-5", "table-6", "table-7", "table-8", "table-10", "table-11", "table-12"] {
      let outcome = try Program.run(
        ["experiment", "prototxt/experiments/\(file).prototxt", "--small", "--folder", "/dev/null/x"], in: top)
      #expect(
        outcome.code == 1 && outcome.errors.contains("cannot make the folder '/dev/null/x/data'"), "\(outcome.errors)")
    }
  }
}
