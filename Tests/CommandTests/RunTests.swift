import Foundation
import TestSupport
import Testing

/// Training, scoring and measuring a small net, as the recorded Caffe did.
@Suite struct RunTests {
  private static let fixtures = ["sgd", "snapshot_binaryproto", "train_lmdb", "test_lmdb"]

  private func scratch() throws -> Scratch { try Scratch(copying: Self.fixtures, of: "training") }

  /// The messages of a log, without the lines that come at any moment and with `#` for what takes its time.
  private func messages(_ log: String, after start: String) throws -> [String] {
    let form = /[IWE]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ [a-z_]+\.[ch]pp:\d+\] (.*)/
    let lines = log.split(separator: "\n").compactMap { try? form.wholeMatch(in: $0)?.1 }.map(String.init)
    let first = try #require(lines.firstIndex(of: start))
    return lines[first...].filter { !$0.hasPrefix("Restarting data") && !$0.hasPrefix("Waiting for data") }
      .map {
        $0.replacing(/\([-0-9.e+a-z]+ iter\/s, [0-9.e-]+s/, with: "(# iter/s, #s").replacing(
          /[0-9.e-]+ ms/, with: "# ms")
      }
  }

  /// Equal texts, and numbers that agree to rounding.
  private func expectAlike(_ found: [String], _ expected: [String]) {
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) {
      #expect(linesAgree(a, b, share: 1e-3, floor: 1e-5), "\(a) - recorded: \(b)")
    }
  }

  @Test func trainLogsWhatCaffeLogs() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let run = try Program.run(["train", "-solver", "sgd/solver.prototxt"], in: scratch.path)
    #expect(run.code == 0, "\(run.errors)")
    let found = try messages(run.errors, after: "Starting Optimization")
    let log = try String(contentsOfFile: FixtureFolder.path("training/sgd/log.txt"), encoding: .utf8)
    let expected = try messages(
      log.replacing(/(?m)^([IWE])\d{4}(\d{4})/, with: { "\($0.1)\($0.2)" }), after: "Starting Optimization")
    expectAlike(found, expected)
    #expect(run.errors.contains("  level: 0\n  stage: \"\"\n"), "the state that Caffe's command always sets")
    #expect(run.errors.contains("caffe.cpp:197] Use CPU."))
  }

  @Test func quietLeavesTheConstructionOut() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let run = try Program.run(["train", "-solver", "sgd/solver.prototxt", "--quiet"], in: scratch.path)
    #expect(run.code == 0)
    #expect(run.lines.first?.contains("Starting Optimization") == true)
    let again = try Program.run(
      ["train", "--solver=sgd/solver.prototxt", "--gpu=0,1", "--threads=3", "-noquiet"], in: scratch.path)
    #expect(again.code == 0)
    #expect(again.errors.contains("2 ids are 2 replicas"))
  }

  @Test func testLogsWhatCaffeLogs() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let weights = "snapshot_binaryproto/snap_iter_10.caffemodel"
    let run = try Program.run(
      ["test", "-model=sgd/net.prototxt", "-weights", weights, "-iterations", "3"], in: scratch.path)
    #expect(run.code == 0, "\(run.errors)")
    let log = try String(contentsOfFile: FixtureFolder.path("training/tools/test_log.txt"), encoding: .utf8)
    let recorded = log.replacing(/(?m)^([IWE])\d{4}(\d{4})/, with: { "\($0.1)\($0.2)" })
    expectAlike(
      try messages(run.errors, after: "Running for 3 iterations."),
      try messages(recorded, after: "Running for 3 iterations."))
  }

  /// Each line tells what the layer left, before the next one works in its place. The lines are of a real Caffe.
  @Test func testShowsEachBlobOfANetWithDebugInfo() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let net = try String(contentsOfFile: scratch.path + "/sgd/net.prototxt", encoding: .utf8)
    try ("debug_info: true\n" + net).write(toFile: scratch.path + "/net.prototxt", atomically: true, encoding: .utf8)
    let run = try Program.run(
      [
        "test", "-model=net.prototxt", "-weights", "snapshot_binaryproto/snap_iter_10.caffemodel", "-iterations", "2",
      ], in: scratch.path)
    #expect(run.code == 0, "\(run.errors)")
    let lines = try messages(run.errors, after: "Running for 2 iterations.").filter { $0.hasPrefix("    [Forward]") }
    #expect(lines.count == 46)
    expectAlike(
      Array(lines.dropFirst(7).prefix(9)),
      [
        "    [Forward] Layer bn1, top blob bn1 data: 1.07687",
        "    [Forward] Layer bn1, param blob 0 data: 3.66867",
        "    [Forward] Layer bn1, param blob 1 data: 0.445865",
        "    [Forward] Layer bn1, param blob 2 data: 9.95512",
        "    [Forward] Layer scale1, top blob bn1 data: 1.06513",
        "    [Forward] Layer scale1, param blob 0 data: 0.988962",
        "    [Forward] Layer scale1, param blob 1 data: 0.00843194",
        "    [Forward] Layer pool1, top blob pool1 data: 1.04257",
        "    [Forward] Layer relu1, top blob pool1 data: 0.689969",
      ])
  }

  @Test func timeLogsWhatCaffeLogs() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let run = try Program.run(["time", "-model", "sgd/net.prototxt", "-iterations", "2"], in: scratch.path)
    #expect(run.code == 0, "\(run.errors)")
    let log = try String(contentsOfFile: FixtureFolder.path("training/tools/time_log.txt"), encoding: .utf8)
    let recorded = log.replacing(/(?m)^([IWE])\d{4}(\d{4})/, with: { "\($0.1)\($0.2)" })
    let start = "*** Benchmark begins ***"
    #expect(try messages(run.errors, after: start) == messages(recorded, after: start))
  }

  @Test func theLogFileHasAllLines() throws {
    let scratch = try scratch()
    defer { scratch.remove() }
    let run = try Program.run(
      ["train", "-solver", "sgd/solver.prototxt", "--quiet"], in: scratch.path, environment: ["GLOG_log_dir": "."])
    #expect(run.code == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
    let name = try #require(names.first { $0.wholeMatch(of: /crema\..+\..+\.log\.INFO\.\d{8}-\d{6}\.\d+/) != nil })
    let text = try String(contentsOfFile: "\(scratch.path)/\(name)", encoding: .utf8)
    #expect(text.hasPrefix("Log file created at: "))
    #expect(text.contains("net.cpp:86] Creating Layer conv1\n") && text.contains("caffe.cpp:250] Optimization Done.\n"))
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(scratch.path)/crema.INFO") == name)
    let silent = try Program.run(
      ["train", "-solver", "sgd/solver.prototxt"], in: scratch.path,
      environment: ["GLOG_minloglevel": "1", "GLOG_log_dir": "/dev/null"])
    #expect(silent.code == 0)
    #expect(silent.lines.count == 1 && silent.errors.hasPrefix("warning: cannot write a log file into '/dev/null'"))
  }

  @Test func summaryNeedsNoData() throws {
    let run = try Program.run(["summary", FixtureFolder.path("training/sgd/net.prototxt")], in: NSTemporaryDirectory())
    #expect(run.code == 1 && run.errors.contains("--input-shape"))
    let given = try Program.run(
      ["summary", FixtureFolder.path("training/sgd/net.prototxt"), "--input-shape", "4,3,32,32"],
      in: NSTemporaryDirectory())
    #expect(given.code == 0, "\(given.errors)")
    #expect(given.output.contains("4x8x16x16") && given.output.contains("2,180"))
  }

  @Test func verifyTellsRightFromWrong() throws {
    let model = FixtureFolder.path("nets/residual.prototxt"), recording = FixtureFolder.path("nets/residual.h5")
    let right = try Program.run(["verify", "--model", model, "--recording", recording])
    #expect(right.code == 0 && right.output.hasSuffix("tensors agree.\n"), "\(right.errors)")
    let wrong = try Program.run(
      ["verify", "--model", model, "--recording", recording, "--forward-tolerance=0,0", "--json"])
    #expect(wrong.code == 1 && wrong.output.contains("\"agrees\" : false"))
  }
}
