import Foundation
import TestSupport
import Testing

/// Files that cannot be as large as they must: a full disk, or a limit for the size of files, which anybody can set.
@Suite struct FullDiskTests {
  /// Runs the program in a shell, in a folder; `limits` comes before it.
  private func run(_ limits: String, _ words: String, in folder: String) throws -> Program.Outcome {
    let shell = Process(), pipe = Pipe()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.currentDirectoryURL = URL(fileURLWithPath: folder)
    shell.standardInput = FileHandle.nullDevice
    shell.standardError = pipe
    shell.arguments = ["-c", "\(limits) exec \"$0\" \(words)", Program.path]
    try shell.run()
    let errors = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    shell.waitUntilExit()
    #expect(shell.terminationReason == .exit, "\(errors.suffix(600))")
    return Program.Outcome(code: shell.terminationStatus, output: "", errors: errors)
  }

  /// The limits are in blocks of 512 bytes; the whole file has 33.
  @Test(arguments: [0, 1, 4, 5, 8, 12, 16, 20, 24, 28, 32])
  func weightsInHDF5AppearWholeOrNotAtAll(_ blocks: Int) throws {
    let scratch = try Scratch(copying: ["current.caffemodel"], of: "files/models")
    defer { scratch.remove() }
    let outcome = try run(
      "ulimit -f \(blocks);", "convert current.caffemodel new.caffemodel.h5", in: scratch.path)
    #expect(outcome.code == 1)
    #expect(outcome.lines.count == 1 && outcome.errors.contains("File too large"), "\(outcome.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["current.caffemodel"])
  }

  @Test func weightsInHDF5FitIntoTheirSize() throws {
    let scratch = try Scratch(copying: ["current.caffemodel"], of: "files/models")
    defer { scratch.remove() }
    let outcome = try run("ulimit -f 33;", "convert current.caffemodel new.caffemodel.h5", in: scratch.path)
    #expect(outcome.code == 0, "\(outcome.errors)")
  }

  @Test(arguments: ["lmdb", "leveldb"])
  func aDatabaseAppearsWholeOrNotAtAll(_ backend: String) throws {
    let scratch = try Scratch(copying: ["images", "list.txt"], of: "files")
    defer { scratch.remove() }
    let outcome = try run(
      "ulimit -f 0;", "convert-imageset --quiet --backend=\(backend) images/ list.txt db", in: scratch.path)
    #expect(outcome.code == 1)
    #expect(outcome.lines.count { $0.hasPrefix("error: ") } == 1, "\(outcome.errors)")
    #expect(Set(try FileManager.default.contentsOfDirectory(atPath: scratch.path)) == ["images", "list.txt"])
  }

  @Test func aResultThatCannotBeShownIsAnError() throws {
    let scratch = try Scratch(copying: ["current.caffemodel"], of: "files/models")
    defer { scratch.remove() }
    let outcome = try run("", "summary current.caffemodel > /dev/full", in: scratch.path)
    #expect(outcome.code == 1)
    #expect(outcome.errors == "error: cannot write the result to standard output: No space left on device\n")
  }

  @Test func aNetThatIsLargerThanTheMachineIsAnError() throws {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let text = """
      layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2147483647 } } }
      layer { name: "relu" type: "ReLU" bottom: "data" top: "relu" }
      """
    try text.write(toFile: scratch.path + "/net.prototxt", atomically: true, encoding: .utf8)
    let outcome = try run("ulimit -v 6000000;", "time --quiet --model=net.prototxt", in: scratch.path)
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains("error: the net needs 32 GB, 8 GB of them for one blob, and the system"))
  }
}
