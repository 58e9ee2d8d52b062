import CKernels
import Foundation

/// What the machine can do at most, and what the process takes of it: the scale for measurements.
public enum Machine {
  /// The instruction set of the kernels that run here: `avx512`, `avx2` or `baseline`.
  public static var instructionSet: String {
    guard let set = unsafe CKernels.kernels() else { return "unknown" }
    return unsafe String(cString: set.pointee.name)
  }

  /// The kernels that BLAS chose, such as `Haswell`.
  public static var blasKernels: String { nameOfBLASKernels }

  /// Floating-point operations a second of multiply-adds on registers, all workers together: the best of some runs.
  public static func peak(on workers: Workers) -> Double {
    guard let set = unsafe CKernels.kernels() else { return 0 }
    let rounds = 2_000_000, lanes = unsafe Int(set.pointee.lanes)
    let seconds = fastest(of: 10) {
      workers.run(workers.count) { _, _ in _ = unsafe set.pointee.peak(rounds) }
    }
    return Double(24 * lanes * rounds * workers.count) / seconds
  }

  /// Bytes a second of reading and writing memory far larger than the caches, all workers together: the best of some runs.
  public static func bandwidth(on workers: Workers) -> Double {
    let count = 16 << 20, pieces = workers.count * 4
    let memory = Tensor([count])
    memory.fill(1)
    let seconds = fastest(of: 5) {
      workers.run(pieces) { _, i in
        let size = count / pieces, piece = memory.view([size], from: i * size)
        piece.assign(piece) { $0 + 1 }
      }
    }
    return Double(2 * count * MemoryLayout<Float>.stride) / seconds
  }

  /// Memory of the process that no file backs, now, in bytes; 0 where the system does not tell.
  public static var anonymousMemory: Int { status("RssAnon") }

  /// Memory of the process that files back, now, in bytes; 0 where the system does not tell.
  public static var mappedMemory: Int { status("RssFile") }

  private static func status(_ field: String) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix(field + ":") }),
      let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
    else { return 0 }
    return kilobytes * 1024
  }

  private static func fastest(of repetitions: Int, _ body: () -> Void) -> Double {
    (0..<repetitions).map { _ in ContinuousClock().measure(body) / .seconds(1) }.min() ?? 0
  }
}

extension Graph {
  /// Floating-point operations of one forward pass: two for each multiply-add of convolutions and inner products.
  public var forwardOperations: Int { nodes.reduce(0) { $0 + 2 * $1.plan.multiplyAdds } }

  /// Floating-point operations of one forward and backward pass: again as many for each gradient that is computed.
  public var trainingOperations: Int {
    nodes.reduce(0) { total, node in
      let gradients = (node.learns.first == true ? 1 : 0) + (node.wanted.contains(true) ? 1 : 0)
      return total + 2 * node.plan.multiplyAdds * (1 + (node.runsBackward ? gradients : 0))
    }
  }
}
