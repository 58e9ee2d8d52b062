import Crema
import Foundation
import Prototxt

/// The other programs, in a virtual environment of Python.
struct BenchPeers {
  /// The path of `tools/bench-peers.py`.
  let script: String
  /// The folder of the virtual environment.
  let environment: String
  let context: BenchContext
  let threads: Int
  private static let packages = ["torch", "onnxruntime", "openvino", "onnx", "onnxscript", "numpy"]
  private static let training = [
    "pytorch", "pytorch-channels-last", "pytorch-compile", "pytorch-compile-channels-last",
  ]

  /// A folder of the user's cache.
  static var usualEnvironment: String {
    let cache = System.environment("XDG_CACHE_HOME") ?? NSHomeDirectory() + "/.cache"
    return cache + "/crema/bench-peers"
  }

  /// The programs that can do the work.
  static func names(for task: BenchWorkload.PeerTask) -> [String] {
    task.trains ? training : training + ["onnxruntime", "openvino"]
  }

  private var python: String { environment + "/bin/python" }

  /// Makes the virtual environment and fills it from PyPI, unless that is done.
  ///
  /// - Returns: the versions of the programs.
  func prepare() throws -> [String: String] {
    if !InputEnvironment.exists(python) {
      Console.standard.tell("making the peers' environment in '\(environment)'\n")
      try FileManager.default.createDirectory(
        atPath: (environment as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try run(["python3", "-m", "venv", environment], "make a virtual environment (is python3-venv installed?)")
    }
    if let versions = try? versions() { return versions }
    Console.standard.tell("installing \(Self.packages.joined(separator: ", ")) from PyPI\n")
    try run([python, "-m", "pip", "install", "--quiet"] + Self.packages, "install the peers")
    return try versions()
  }

  private func versions() throws -> [String: String] {
    let output = context.path("versions.json")
    try run([python, script, "versions"], "ask the peers for their versions", output: output)
    return try JSONDecoder().decode([String: String].self, from: Data(contentsOf: URL(fileURLWithPath: output)))
  }

  /// Measures one program in a process of its own.
  func measure(_ task: BenchWorkload.PeerTask, _ peer: String) throws -> Measurement {
    let output = context.path("peer.json"), model = context.path("\(task.network)-\(task.batch).onnx")
    if !peer.hasPrefix("pytorch"), !InputEnvironment.exists(model) {
      try run([python, script, "export", task.network, "\(task.batch)", model], "export '\(task.network)' to ONNX")
    }
    let mode = task.trains ? "step" : "inference"
    let words = [
      python, script, "measure", task.network, "\(task.batch)", mode, peer, "--threads", "\(threads)", "--seconds",
      "\(context.seconds)", "--model", model,
    ]
    try run(words, "measure \(peer) on '\(task.network)'", output: output)
    return try JSONDecoder().decode(Measurement.self, from: Data(contentsOf: URL(fileURLWithPath: output)))
  }

  private func run(_ words: [String], _ purpose: String, output: String? = nil) throws {
    let variables = ["OMP_NUM_THREADS": "\(threads)", "MKL_NUM_THREADS": "\(threads)", "PYTHONWARNINGS": "ignore"]
    let child = try ChildProcess.run(words, output: output ?? context.path("peers.log"), variables: variables)
    guard child.code == 0 else {
      throw Diagnostic("cannot \(purpose): '\(words.joined(separator: " "))' ended with code \(child.code)")
    }
  }
}
