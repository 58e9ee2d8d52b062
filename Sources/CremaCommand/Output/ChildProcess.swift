import Foundation
import Glibc
import Prototxt

/// A program that is run to its end.
struct ChildProcess {
  /// The exit code; 128 and the signal's number if a signal ended it.
  let code: Int
  /// The most memory that it had, files included, in bytes.
  let memory: Int

  /// The path of this program itself.
  static let own =
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]

  /// Runs a program and waits for its end. It sees this process's environment without OpenBLAS's variables.
  ///
  /// - Parameters:
  ///   - words: its path, then its arguments.
  ///   - output: the file that takes its output; else it is this process's.
  ///   - variables: added to its environment.
  /// - Throws: why it cannot be started.
  static func run(
    _ words: [String], output: String? = nil, variables: [String: String] = [:]
  ) throws(Diagnostic) -> ChildProcess {
    var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("OPENBLAS_") }
    environment.merge(variables) { $1 }
    var actions = unsafe posix_spawn_file_actions_t()
    _ = unsafe posix_spawn_file_actions_init(&actions)
    defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
    if let output {
      _ = unsafe posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o664)
    }
    var process: pid_t = 0
    var failure: CInt = 0
    unsafe withStrings(words) { arguments in
      unsafe withStrings(environment.map { "\($0)=\($1)" }) { variables in
        failure = unsafe posix_spawnp(&process, words[0], &actions, nil, arguments, variables)
      }
    }
    guard failure == 0 else {
      throw Diagnostic("cannot run '\(words[0])': \(unsafe String(cString: strerror(failure)))")
    }
    var status: CInt = 0, usage = rusage()
    while unsafe wait4(process, &status, 0, &usage) < 0 {
      guard errno == EINTR else { throw Diagnostic("cannot wait for '\(words[0])': \(System.lastError)") }
    }
    let signal = status & 0x7F
    return ChildProcess(
      code: signal == 0 ? Int(status >> 8 & 0xFF) : 128 + Int(signal), memory: Int(usage.ru_maxrss) * 1024)
  }

  /// Lends texts as a list of C strings that ends with a null pointer.
  private static func withStrings(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Void
  ) {
    var copies = unsafe texts.map { unsafe strdup($0) } + [nil]
    defer { unsafe copies.forEach { unsafe free($0) } }
    unsafe copies.withUnsafeMutableBufferPointer { list in
      if let start = list.baseAddress { unsafe body(start) }
    }
  }
}

extension System {
  /// The size of a file in bytes.
  ///
  /// - Throws: a file that cannot be found.
  static func size(of path: String) throws(Diagnostic) -> Int {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw Diagnostic("cannot read '\(path)': \(lastError)") }
    return Int(status.st_size)
  }
}
