import Foundation
import TestSupport
import Testing

/// Curves of logs, drawn as a user does it.
@Suite struct PlotTests {
  private func rows(_ path: String) throws -> [[String]] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").dropFirst().map {
      $0.split(separator: ",").map(String.init)
    }
  }

  /// The numbers are those of the lines that Caffe wrote.
  @Test func numbersOfACaffeLog() throws {
    let scratch = try Scratch(copying: ["sgd"], of: "training")
    defer { scratch.remove() }
    let run = try Program.run(["plot", "sgd/log.txt", "--output", "x.csv"], in: scratch.path)
    #expect(run.code == 0, "\(run.errors)")
    let log = try String(contentsOfFile: "\(scratch.path)/sgd/log.txt", encoding: .utf8)
    let losses = log.matches(of: /Iteration (\d+).*, loss = (\S+)/), rows = try rows("\(scratch.path)/x.csv")
    let found = rows.filter { $0[2] == "training loss" }
    #expect(!losses.isEmpty && found.map { $0[1] } == losses.map { String($0.1) })
    #expect(zip(found, losses).allSatisfy { Double($0[3]) == Double($1.2) })
    let accuracies = log.matches(of: /Test net output #\d+: accuracy = (\S+)/)
    #expect(!accuracies.isEmpty)
    #expect(
      rows.filter { $0[2] == "test accuracy" }.compactMap { Double($0[3]) } == accuracies.compactMap { Double($0.1) })
    #expect(run.output.contains("training loss") && run.output.contains("test accuracy"))
  }

  /// A log of Caffe's first release, whose run went on after an interruption at iteration 20.
  private let old = """
    I0203 22:10:39.1 3769 solver.cpp:337] Iteration 0, Testing net (#0)
    I0203 22:10:39.2 3769 solver.cpp:404]     Test net output #0: accuracy = 0.25
    I0203 22:10:39.3 3769 solver.cpp:228] Iteration 0, loss = 1.5
    I0203 22:10:39.3 3769 sgd_solver.cpp:106] Iteration 0, lr = 0.01
    I0203 22:10:40.3 3769 solver.cpp:228] Iteration 20, loss = nan
    I0203 22:10:40.3 3769 solver.cpp:228] Iteration 40, loss = 9
    I0203 23:10:39.3 3769 solver.cpp:228] Iteration 20, loss = 0.75
    I0203 23:10:39.4 3769 solver.cpp:337] Iteration 20, Testing net (#1)
    I0203 23:10:39.4 3769 solver.cpp:404]     Test net output #0: accuracy = 0.5
    """

  @Test func oldLogsResumedRunsAndPictures() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    for name in ["a.log", "b.log"] {
      try old.write(toFile: "\(scratch.path)/\(name)", atomically: true, encoding: .utf8)
    }
    let words = ["plot", "a.log", "b.log"]
    #expect(try Program.run(words + ["--output", "x.csv"], in: scratch.path).code == 0)
    let rows = try rows("\(scratch.path)/x.csv").filter { $0[0] == "b.log" }.map { Array($0.dropFirst()) }
    #expect(
      rows == [
        ["0", "test accuracy", "0.25"], ["0", "training loss", "1.5"], ["20", "training loss", "0.75"],
        ["20", "test #1 accuracy", "0.5"],
      ])
    for file in ["x.png", "x.svg"] {
      let run = try Program.run(words + ["--output", file], in: scratch.path)
      #expect(
        run.code == 0 && run.output.contains("b.log: test #1 accuracy") && run.output.contains("\(file): 6 curves"))
      let size = try #require(FileManager.default.attributesOfItem(atPath: "\(scratch.path)/\(file)")[.size] as? Int)
      #expect(size > 2000)
    }
  }

  @Test(arguments: [
    (["no.log"], 1, "no.log"), (["a.txt"], 1, "is no log of training"),
    (["a.log", "--output", "x.jpg"], 64, "--output takes"),
    (["a.log", "--show", "test acuracy"], 1, "did you mean 'test accuracy'"),
  ])
  func mistakesAreNamed(_ words: [String], _ code: Int, _ wanted: String) throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    try old.write(toFile: "\(scratch.path)/a.log", atomically: true, encoding: .utf8)
    try "nothing\n".write(toFile: "\(scratch.path)/a.txt", atomically: true, encoding: .utf8)
    let run = try Program.run(["plot"] + words, in: scratch.path)
    #expect(Int(run.code) == code && run.errors.contains(wanted), "\(run.errors)")
  }
}
