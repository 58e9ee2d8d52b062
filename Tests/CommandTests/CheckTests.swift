import Foundation
import TestSupport
import Testing

/// Nets, solvers and their data looked through before training, as a user does it.
@Suite struct CheckTests {
  private func scratch() throws -> Scratch { try Scratch(copying: ["sgd", "test_lmdb", "train_lmdb"], of: "training") }

  /// Changes a file of the scratch folder.
  private func change(_ file: String, _ old: String, _ new: String, in scratch: Scratch) throws {
    let path = "\(scratch.path)/\(file)", text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains(old))
    try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
  }

  private func check(_ words: [String], in scratch: Scratch) throws -> Program.Outcome {
    try Program.run(["check"] + words, in: scratch.path)
  }

  @Test func aGoodSolverIsReady() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let run = try check(["sgd/solver.prototxt"], in: scratch)
    #expect(run.code == 0, "\(run.errors)")
    for text in [
      "in phase TRAIN: ", "in phase TEST: ", "database 'train_lmdb': ", "database 'test_lmdb': ", "3 labels, 0 to 2",
      "training: 20 updates of 16 images", "snapshots: ", "first batch in phase TRAIN: loss ", "guessing gives 1.099",
      "'sgd/solver.prototxt' is ready: 0 errors",
    ] { #expect(run.output.contains(text), "\(text)\n\(run.output)") }
    let files = try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/sgd")
    #expect(!files.contains { $0.contains("_iter_") })
  }

  @Test func trainedWeightsAreChecked() throws {
    let scratch = try Scratch(copying: ["snapshot_binaryproto", "test_lmdb", "train_lmdb"], of: "training")
    defer { scratch.remove() }
    let words = ["snapshot_binaryproto/net.prototxt", "--weights", "snapshot_binaryproto/snap_iter_10.caffemodel"]
    let run = try check(words, in: scratch)
    #expect(run.code == 0 && run.output.contains("first batch in phase TEST: loss"), "\(run.errors)")
    try change("snapshot_binaryproto/net.prototxt", "name: \"ip\"", "name: \"ip2\"", in: scratch)
    #expect(try check(words, in: scratch).errors.contains("layer 'ip2' (InnerProduct) finds no weights"))
  }

  /// Mistakes in both phases and in the data are found in one run.
  @Test func severalMistakesAtOnce() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    try change("sgd/net.prototxt", "num_output: 3", "num_output: 2", in: scratch)
    try change("sgd/net.prototxt", "type: \"Accuracy\"", "type: \"Acuracy\"", in: scratch)
    let run = try check(["sgd/net.prototxt", "--records", "0"], in: scratch)
    #expect(run.code == 1)
    #expect(
      run.errors.contains("it tells 2 classes apart (0 to 1), but")
        && run.errors.contains("have other labels, such as 2"))
    #expect(run.errors.contains("did you mean 'Accuracy'"), "\(run.errors)")
    #expect(run.errors.contains("'sgd/net.prototxt' has "))
  }

  @Test(arguments: [
    ("test_iter: ", "test_iter: 1", "records: a test "), ("max_iter: ", "max_iter: x", "error"),
    ("net: ", "net: \"no/net.prototxt\" #", "no/net.prototxt"),
  ])
  func mistakesOfASolver(_ old: String, _ new: String, _ wanted: String) throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    try change("sgd/solver.prototxt", old, new, in: scratch)
    let run = try check(["sgd/solver.prototxt"], in: scratch)
    #expect(run.errors.contains(wanted), "\(run.errors)")
    #expect(run.code == (new == "test_iter: 1" ? 0 : 1))
  }

  @Test(arguments: [
    (
      "layer { name: 'p' type: 'Softmax' bottom: 'ip' top: 'p' } layer { name: 'l' type: 'SoftmaxWithLoss' bottom: 'p' bottom: 'label' }",
      "but it applies a softmax itself"
    ),
    (
      "layer { name: 'b' type: 'BatchNorm' bottom: 'ip' top: 'b' } layer { name: 'l' type: 'SoftmaxWithLoss' bottom: 'b' bottom: 'label' }",
      "no Scale layer reads it"
    ),
    (
      "layer { name: 'o' type: 'InnerProduct' bottom: 'ip' top: 'o' inner_product_param { num_output: 2 } } "
        + "layer { name: 'l' type: 'SoftmaxWithLoss' bottom: 'ip' bottom: 'label' }",
      "nobody reads its top 'o'"
    ),
    (
      "layer { name: 'l' type: 'SoftmaxWithLoss' bottom: 'ip' bottom: 'label' loss_weight: 1 }",
      "far above the 1.099 of guessing"
    ),
  ])
  func habitsThatCost(_ layers: String, _ wanted: String) throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let text = """
      layer { name: 'd' type: 'Data' top: 'data' top: 'label' data_param { source: 'train_lmdb' batch_size: 4 backend: LMDB } }
      layer { name: 'ip' type: 'InnerProduct' bottom: 'data' top: 'ip'
        inner_product_param { num_output: 3 weight_filler { type: 'gaussian' std: 0.1 } } }
      \(layers)
      """
    try text.write(toFile: "\(scratch.path)/net.prototxt", atomically: true, encoding: .utf8)
    let run = try check(["net.prototxt"], in: scratch)
    #expect(run.code == 0 && run.errors.contains(wanted), "\(run.errors)\(run.output)")
  }

  @Test func imagesOfSeveralSizesAreNamed() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    try FileManager.default.createDirectory(atPath: "\(scratch.path)/images", withIntermediateDirectories: false)
    for (name, side) in [("a", 8), ("b", 9)] {
      let text = "P3 \(side) \(side) 255\n" + String(repeating: "1 2 3\n", count: side * side)
      try text.write(toFile: "\(scratch.path)/images/\(name).ppm", atomically: true, encoding: .utf8)
    }
    try "a.ppm 0\nb.ppm 1\n".write(toFile: "\(scratch.path)/list.txt", atomically: true, encoding: .utf8)
    #expect(try Program.run(["convert-imageset", "images/", "list.txt", "db"], in: scratch.path).code == 0)
    let text =
      "layer { name: 'd' type: 'Data' top: 'data' top: 'label' data_param { source: 'db' batch_size: 2 backend: LMDB } }"
    try text.write(toFile: "\(scratch.path)/net.prototxt", atomically: true, encoding: .utf8)
    let run = try check(["net.prototxt"], in: scratch)
    #expect(run.code == 1 && run.errors.contains("the images of 'db' have 2 sizes: "), "\(run.errors)")
    #expect(run.errors.contains("3x8x8 (1, first '00000000_a.ppm')"), "\(run.errors)")
  }

  @Test(arguments: [
    (["no.prototxt"], 1, "no.prototxt"), (["sgd/solver.prototxt", "--records", "-1"], 64, "--records"),
  ])
  func otherMistakes(_ words: [String], _ code: Int, _ wanted: String) throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let run = try check(words, in: scratch)
    #expect(Int(run.code) == code && run.errors.contains(wanted), "\(run.errors)")
  }
}
