import HDF5
import Prototxt

/// Runs a net on the numbers of a recording, and compares what it computes with what was recorded.
///
/// Recordings are HDF5 files of two forms: of one layer, named `layer`, or of a whole net.
public enum Verifier {
  /// How a net is verified.
  public struct Options {
    /// For data.
    public var forward = Tolerance.forward
    /// For gradients.
    public var backward = Tolerance.backward
    /// What computes. The layers' own code keeps everything; blobs that an engine keeps to itself are not compared.
    public var net = Net.Options()
    /// The layer types, the places of sources and the log.
    public var building = GraphBuilder.Options()
    /// Unknown fields in the file are warnings.
    public var permissive = false

    /// The tolerances of Caffe's recordings, the layers' own code.
    public init() {}
  }

  /// What came out.
  public struct Report: Sendable {
    /// Everything compared: forward in the order of layers, then backward in the reverse order.
    public let comparisons: [Comparison]
    /// The first one that does not agree: what comes after it may only follow from it.
    public var firstDivergence: Comparison? { comparisons.first { !$0.agrees } }
    /// Whether everything agrees.
    public var agrees: Bool { firstDivergence == nil }
  }

  /// Builds the net in the recorded state, feeds it the recorded inputs and parameters, runs it forward and backward.
  ///
  /// - Throws: what is wrong with a file or the net, or a recording that does not belong to the net.
  public static func verify(
    model path: String, recording file: String, workers: Workers, options: Options = Options()
  ) throws -> Report {
    let recording = try Recording(contentsOf: file)
    let isLayer = try recording.text("layer_names") == nil
    let definition = try NetDefinition(contentsOf: path, permissive: options.permissive, log: options.building.log)
    let state = try recording.state(over: definition.message.message("state"))
    let group = isLayer ? "bottom" : "input"
    let replaced = try ReplaceSources.apply(definition, state: state, catalog: options.building.catalog) { layer in
      recording.shapes(of: layer.strings("top"), in: group)
    }
    let graph = try GraphBuilder.build(replaced, state: state, options: options.building)
    var netOptions = options.net
    (netOptions.keepsGradients, netOptions.separatesLayers) = (netOptions.engine == nil || isLayer, isLayer)
    let seed = try recording.number("seed").map { UInt32(truncatingIfNeeded: Int($0)) } ?? 0
    let net = try Net(
      graph, random: RandomStream(seed: seed), workers: workers, environment: options.building.environment,
      options: netOptions, log: options.building.log)
    let replay = NetReplay(net, recording, options)
    return Report(comparisons: isLayer ? try replay.replayLayer() : try replay.replayNet())
  }
}

extension Recording {
  /// The state of the net that was recorded, laid over the one in its file.
  fileprivate func state(over own: Message) throws -> Message {
    guard let name = try text("phase"), let phase = Phase(rawValue: name) else {
      throw Diagnostic(
        "\(path): the attribute 'phase' must be TRAIN or TEST\(try text("phase").map { ", not '\($0)'" } ?? "; it is missing")"
          + ". Is this a recording made by tools/record_caffe.py?")
    }
    var state = own
    state.set("phase", phase.rawValue)
    state.set("level", try number("level").map { Int($0) } ?? 0)
    for stage in try list("stages", of: String.self) ?? [] { state.append("stage", stage) }
    return state
  }

  /// The shapes of recorded inputs; nil unless all are there.
  fileprivate func shapes(of names: [String], in group: String) -> [Shape]? {
    let shapes = names.compactMap { try? tensor("\(group)/\($0)").shape }
    return shapes.count == names.count ? shapes : nil
  }
}
