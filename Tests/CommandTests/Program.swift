import Foundation
import TestSupport
import Testing

/// The built program, run as a user runs it.
enum Program {
  /// What a run left.
  struct Outcome {
    let code: Int32
    let output: String
    let errors: String
    /// stderr in lines.
    var lines: [Substring] { errors.split(separator: "\n") }
  }

  /// The executable: beside the test bundle.
  static let path: String = {
    let bundle = CommandLine.arguments.first { $0.contains(".xctest") }
    let folder = bundle.map { text in
      text.components(separatedBy: "/").prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")
    }
    let root = URL(fileURLWithPath: #filePath).pathComponents.dropLast(3).joined(separator: "/").dropFirst()
    let candidates = [folder, "\(root)/.build/release"].compactMap { $0 }.map { "\($0)/crema" }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "crema"
  }()

  /// Runs `crema` with words, in a folder, with glog's and Crema's variables as given and no others.
  static func run(
    _ words: [String], in folder: String? = nil, environment: [String: String] = [:]
  ) throws -> Outcome {
    let scratch = try Scratch()
    defer { scratch.remove() }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = words
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    var variables = ProcessInfo.processInfo.environment.filter {
      !$0.key.hasPrefix("GLOG_") && !$0.key.hasPrefix("CREMA_")
    }
    variables.merge(environment) { $1 }
    process.environment = variables
    let files = ["out", "err"].map { scratch.path + "/" + $0 }
    for file in files { _ = FileManager.default.createFile(atPath: file, contents: nil) }
    let handles = try files.map { try FileHandle(forWritingTo: URL(fileURLWithPath: $0)) }
    process.standardInput = FileHandle.nullDevice
    (process.standardOutput, process.standardError) = (handles[0], handles[1])
    try process.run()
    process.waitUntilExit()
    let texts = try files.map { String(decoding: try Data(contentsOf: URL(fileURLWithPath: $0)), as: UTF8.self) }
    return Outcome(code: process.terminationStatus, output: texts[0], errors: texts[1])
  }
}

/// A folder that the test removes.
struct Scratch {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "crema-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// A folder with copies of some entries of a fixture folder.
  init(copying names: [String], of fixtures: String) throws {
    try self.init()
    for name in names {
      try FileManager.default.copyItem(atPath: FixtureFolder.path("\(fixtures)/\(name)"), toPath: "\(path)/\(name)")
    }
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
