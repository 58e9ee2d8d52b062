import HDF5
import Prototxt

/// What a solver needs to go on: how many updates it has done, its model's file, and the histories of its update rule.
public struct SolverState {
  /// The number of updates done.
  public var iteration: Int
  /// The file with the weights, as it was written; empty if there is none.
  public var learnedNet: String
  /// The number of steps of the learning rate so far.
  public var currentStep: Int
  /// The histories, in the order of Caffe's files.
  public var history: [Tensor]

  /// A state to be written.
  public init(iteration: Int, learnedNet: String, currentStep: Int, history: [Tensor]) {
    (self.iteration, self.learnedNet, self.currentStep) = (iteration, learnedNet, currentStep)
    self.history = history
  }

  /// Reads a .solverstate or a .solverstate.h5; the content decides which it is.
  ///
  /// - Throws: what is wrong with the file, or what it is, if it is no solver state.
  public init(contentsOf path: String) throws(Diagnostic) {
    let file = try MappedFile(path)
    let kind = file.withBytes { FileKind(of: $0) }
    switch kind {
    case .hdf5: try self.init(hdf5: path)
    case .solverState:
      self = try file.withBytes { bytes throws(Diagnostic) in
        do throws(Diagnostic) { return try SolverState(bytes, file: path) } catch {
          throw Diagnostic(
            "\(error.message); the solver state is cut off or damaged: copy it again, or resume from another one")
        }
      }
    case .other where (try? CaffemodelReader(path)) != nil: throw SolverState.isModel(path, "caffemodel")
    default:
      throw Diagnostic(
        "'\(path)' is \(kind.noun), not a solver state; give the .solverstate or .solverstate.h5 of a snapshot")
    }
    guard iteration >= 0, currentStep >= 0 else {
      throw Diagnostic(
        "'\(path)' says iteration \(iteration) and step \(currentStep), which cannot be; the file is damaged")
    }
  }

  private static func isModel(_ path: String, _ kind: String) -> Diagnostic {
    Diagnostic(
      "'\(path)' is a \(kind), which holds weights but no solver state; resume with the .solverstate beside it, or "
        + "start anew from these weights with --weights")
  }

  /// Writes the state; a file that was at `path` is replaced at once, when the new one is complete.
  ///
  /// - Throws: why it cannot be written.
  public func write(to path: String, format: WeightsFormat) throws(Diagnostic) {
    try replaceFile(at: path) { temporary throws(Diagnostic) in
      switch format {
      case .binary: try writeBinary(to: temporary, name: path)
      case .hdf5: try writeHDF5(to: temporary, name: path)
      }
    }
  }
}

// MARK: Binary

extension SolverState {
  private enum Field { static let iteration = 1, learnedNet = 2, history = 3, currentStep = 4 }

  fileprivate init(_ bytes: Span<UInt8>, file: String) throws(Diagnostic) {
    self.init(iteration: 0, learnedNet: "", currentStep: 0, history: [])
    var reader = WireReader(0..<bytes.count, file: file)
    while let field = try reader.next(in: bytes) {
      switch (field.number, field.type) {
      case (Field.iteration, .varint): iteration = Int(Int32(truncatingIfNeeded: field.value))
      case (Field.learnedNet, .bytes): learnedNet = String(decoding: field.range.map { bytes[$0] }, as: UTF8.self)
      case (Field.history, .bytes):
        let blob = try BlobWire.blob(bytes, field.range, index: history.count, file: file)
        guard blob.count == blob.shape.count else {
          throw reader.fault(
            "history blob \(blob.index) holds \(blob.count) numbers, but its shape \(blob.shape) needs "
              + "\(blob.shape.count)",
            at: field.start)
        }
        let tensor = Tensor(blob.shape)
        try BlobWire.copy(bytes, field.range, .values, into: tensor, file: file)
        history.append(tensor)
      case (Field.currentStep, .varint): currentStep = Int(Int32(truncatingIfNeeded: field.value))
      default: break
      }
    }
  }

  fileprivate func writeBinary(to path: String, name file: String) throws(Diagnostic) {
    let stream = try FileStream(path, name: file)
    var start = WireWriter()
    start.field(Field.iteration, Int64(iteration))
    start.field(Field.learnedNet, learnedNet)
    try stream.write(start.bytes)
    for tensor in history {
      try CaffemodelWriter.write(tensor.shape, hasGradients: false, field: Field.history, to: stream) { _ in tensor }
    }
    var end = WireWriter()
    end.field(Field.currentStep, Int64(currentStep))
    try stream.write(end.bytes)
    try stream.finish()
  }
}

// MARK: HDF5

extension SolverState {
  fileprivate init(hdf5 path: String) throws(Diagnostic) {
    let file = try diagnosing { () throws(HDF5Error) in try HDF5File(reading: path) }
    let isState = try diagnosing { () throws(HDF5Error) in
      (try file.kind(of: "history") == .group, try file.kind(of: "data") == .group)
    }
    guard isState.0 else {
      if isState.1 { throw SolverState.isModel(path, "caffemodel.h5") }
      throw Diagnostic("'\(path)' is HDF5, but has no group 'history': it is no solver state; give a .solverstate.h5")
    }
    self = try diagnosing { () throws(HDF5Error) in
      let names = try file.names(in: "history")
      var tensors: [Tensor] = []
      for index in names.indices {
        let place = "history/\(index)"
        tensors.append(Tensor(Shape(try file.shape(of: place)), try file.floats(at: place)))
      }
      let learnedNet = try file.kind(of: "learned_net") == .dataset ? file.string(at: "learned_net") : ""
      return SolverState(
        iteration: Int(try file.int32s(at: "iter").first ?? 0), learnedNet: learnedNet,
        currentStep: Int(try file.int32s(at: "current_step").first ?? 0), history: tensors)
    }
  }

  fileprivate func writeHDF5(to path: String, name file: String) throws(Diagnostic) {
    try diagnosing(path, as: file) { () throws(HDF5Error) in
      let output = try HDF5File(creating: path)
      try output.write(int32s: [Int32(clamping: iteration)], shape: [1], to: "iter")
      try output.write(learnedNet, to: "learned_net")
      try output.write(int32s: [Int32(clamping: currentStep)], shape: [1], to: "current_step")
      try output.makeGroup("history")
      for (index, tensor) in history.enumerated() {
        try tensor.writing(to: output, shape: tensor.shape, name: "history/\(index)")
      }
      try output.close()
    }
  }
}
