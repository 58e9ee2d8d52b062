import CremaCommand
import Foundation
import TestSupport
import Testing

/// Exit codes and messages of the program.
@Suite struct CommandLineTests {
  static let failures: [(words: [String], code: Int32, message: String)] = [
    ([], 64, "error: give a verb"),
    (["learn"], 64, "error: Unknown action: learn"),
    (["trian"], 64, "error: Unknown action: trian; did you mean 'train'?"),
    (["train"], 1, "error: Need a solver definition to train. Give it with --solver FILE"),
    (
      ["train", "-solver", "a", "-snapshot", "b", "-weights", "c"], 1,
      "error: Give a snapshot to resume training or weights to finetune but not both."
    ),
    (
      ["train", "-solver", "a", "-sigint_effect", "stopp"], 1,
      "error: Invalid signal effect \"stopp\" was specified; give stop, snapshot or none; did you mean 'stop'?"
    ),
    (
      ["train", "-solver", "a", "-gpu", "x"], 64,
      "error: --gpu takes ids separated by commas, such as 0,1, or 'all'; not 'x'"
    ),
    (["train", "--solver=none.prototxt"], 1, "error: cannot open 'none.prototxt': No such file or directory"),
    (["train", "-solver", "a", "--threads", "0"], 64, "error: --threads must be from 1 to 1024, not 0"),
    (["test"], 1, "error: Need a model definition to score. Give it with --model FILE"),
    (["test", "-model", "a"], 1, "error: Need model weights to score. Give them with --weights FILE"),
    (["time"], 1, "error: Need a model definition to time. Give it with --model FILE"),
    (["time", "-model", "a", "-iterations", "0"], 64, "error: --iterations must be at least 1, not 0"),
    (["demo", "--seed=-1"], 64, "error: --seed must be from 0 to 2147483647, not -1"),
    (["demo", "--images=0"], 64, "error: --images must be at least 1, not 0"),
    (["demo", "--net=none", "--folder=none"], 1, "error: cannot open 'none': No such file or directory"),
    (["summary", "--frobnicate"], 64, "error: unknown flag '--frobnicate'"),
    (["upgrade", "/dev", "x"], 1, "error: cannot read '/dev': it is a folder, not a file"),
    (
      ["verify", "--model=x", "--recording=/dev"], 1,
      "error: HDF5 '/dev': Is a directory (H5Fis_hdf5); check that the path is a file and readable"
    ),
    (["summary", "none.prototxt"], 1, "error: cannot open 'none.prototxt': No such file or directory"),
  ]

  @Test(arguments: failures.indices)
  func failuresHaveOneMessageAndACode(_ index: Int) throws {
    let (words, code, message) = Self.failures[index]
    let outcome = try Program.run(words)
    #expect(outcome.code == code)
    #expect(outcome.lines.contains { $0 == message }, "\(outcome.errors)")
    #expect(outcome.lines.count { $0.hasPrefix("error: ") } == 1)
    #expect(outcome.output.isEmpty)
  }

  @Test(arguments: [
    ["--help"], ["help"], ["train", "--help"], ["help", "train"], ["--version"], ["version"], ["device_query"],
  ])
  func informationGoesToTheOutput(_ words: [String]) throws {
    let outcome = try Program.run(words)
    #expect(outcome.code == 0)
    #expect(!outcome.output.isEmpty && outcome.errors.isEmpty)
  }

  @Test func theNumberOfThreadsIsCheckedInTheEnvironmentToo() throws {
    let outcome = try Program.run(["time", "-model", "a"], environment: ["CREMA_THREADS": "many"])
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("CREMA_THREADS must be a whole number from 1 to 1024, not 'many'"))
  }

  /// The normalizer must know of every flag whether it takes a value.
  @Test func theNormalizerKnowsAllFlags() throws {
    let outcome = try Program.run(["--experimental-dump-help"])
    #expect(outcome.code == 0)
    let whole = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
    let root = try #require(whole?["command"] as? [String: Any])
    let verbs = try #require(root["subcommands"] as? [[String: Any]])
    #expect(verbs.count > 8)
    for argument in verbs.flatMap({ $0["arguments"] as? [[String: Any]] ?? [] }) {
      guard let name = (argument["preferredName"] as? [String: Any])?["name"] as? String else { continue }
      let isSwitch = argument["kind"] as? String == "flag"
      if ["help", "version"].contains(name) { continue }
      if argument["kind"] as? String == "positional" { continue }
      #expect((isSwitch ? Flags.switches : Flags.valued).contains(name), "\(name)")
    }
  }

  @Test func aBrokenPipeIsQuiet() throws {
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    let errors = Pipe()
    shell.standardError = errors
    shell.arguments = ["-c", "\"$0\" help | true", Program.path]
    try shell.run()
    shell.waitUntilExit()
    #expect(errors.fileHandleForReading.readDataToEndOfFile().isEmpty)
  }

  @Test func aFewOfManyErrorsAreShown() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let path = scratch.path + "/net.prototxt"
    try String(repeating: "foo: 1\n", count: 1000).write(toFile: path, atomically: true, encoding: .utf8)
    let outcome = try Program.run(["summary", path])
    #expect(outcome.code == 1)
    #expect(outcome.lines.count { $0.contains("error: ") } == 50)
    #expect(outcome.lines.last == "note: 950 more are not shown")
  }

  @Test func anEmptyFileIsNothingToUpgrade() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    _ = FileManager.default.createFile(atPath: scratch.path + "/empty", contents: nil)
    let outcome = try Program.run(["upgrade", "empty", "new"], in: scratch.path)
    #expect(outcome.code == 1)
    #expect(outcome.errors == "error: 'empty' is empty (0 bytes), so there is nothing to upgrade\n")
  }
}
