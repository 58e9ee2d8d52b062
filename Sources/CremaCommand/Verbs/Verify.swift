import ArgumentParser
import Crema
import Foundation
import Prototxt

/// Compares what a net computes with a recording of real Caffe.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Compare a net, blob by blob, with a recording of real Caffe.",
    discussion: """
      tools/record_caffe.py makes recordings with a real Caffe. The exit code is 1 if a blob or gradient is beyond the tolerance \
      A + R * |recorded value|, is NaN, or is missing on one side. The engine is reference unless --engine auto is given: that one \
      keeps some blobs to itself, which are then not compared.
      """)

  @Option(help: "The net (prototxt).")
  var model: String

  @Option(help: "The recording (.h5).")
  var recording: String

  @Option(help: "A,R for data.")
  var forwardTolerance: Verifier.Tolerance = .forward

  @Option(help: "A,R for gradients.")
  var backwardTolerance: Verifier.Tolerance = .backward

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  @Option(help: "The folder from which the files of data layers are found; else the current one.")
  var root: String?

  @Flag(help: "Take unknown fields in files as warnings, not as errors.")
  var permissive = false

  @OptionGroup var compute: ComputeOptions

  func run() throws {
    var options = Verifier.Options()
    (options.forward, options.backward) = (forwardTolerance, backwardTolerance)
    options.net = compute.options(compute.chosenEngine ?? .reference)
    options.permissive = permissive
    options.building.environment.rootFolder = root
    let workers = try compute.start()
    let report = try Verifier.verify(model: model, recording: recording, workers: workers, options: options)
    Console.standard.show(json ? try VerifyOutput.json(report) : VerifyOutput.table(report))
    if !report.agrees { throw ExitCode(1) }
  }
}

extension Verifier.Tolerance: ExpressibleByArgument {
  /// Reads `1e-5,1e-4`: the absolute part, then the relative one.
  public init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) }
    guard parts.count == 2, let absolute = parts[0], let relative = parts[1], absolute >= 0, relative >= 0 else {
      return nil
    }
    self.init(absolute: absolute, relative: relative)
  }

  /// The form that is read.
  public var defaultValueDescription: String { "\(absolute),\(relative)" }
}
