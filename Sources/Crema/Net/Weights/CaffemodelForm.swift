import Prototxt

/// Which of its upgrades Caffe would apply to a caffemodel. Weights are read without them; the log names them.
struct CaffemodelForm: Sendable {
  /// The offset of the first `layers` and `layer`.
  var layers: Int?, layer: Int?
  var hasV0 = false, hasInputs = false
  private var hasTransformation = false, hasBatchNorm = false

  /// Looks whether a LayerParameter is a BatchNorm with three `param`. What cannot be read is passed over.
  mutating func look(_ bytes: Span<UInt8>, at layer: WireReader) {
    let (type, param) = (2, 6)
    var fields = layer
    var isBatchNorm = false, params = 0
    while let field = try? fields.next(in: bytes) {
      guard field.type == .bytes else { continue }
      if field.number == type { isBatchNorm = field.range.map { bytes[$0] } == Array("BatchNorm".utf8) }
      if field.number == param { params += 1 }
    }
    if isBatchNorm, params == 3 { hasBatchNorm = true }
  }

  /// Looks whether a V1LayerParameter transforms data by fields of its source. What cannot be read is passed over.
  mutating func lookV1(_ bytes: Span<UInt8>, at layer: WireReader) {
    guard let v1 = V1.layer else { return }
    var fields = layer
    while let field = try? fields.next(in: bytes) {
      guard let type = v1.field(number: field.number), DataTransformation.sources.values.contains(type.name),
        case .message(let source) = type.kind
      else { continue }
      var nested = fields.nested(field.range)
      while let inner = try? nested.next(in: bytes) {
        if let name = source.field(number: inner.number)?.name, DataTransformation.fields.contains(name) {
          hasTransformation = true
        }
      }
    }
  }

  /// Adds the lines that Caffe logs for this file.
  func log(_ log: Log, file: String) {
    if hasV0 { UpgradeLog.all(UpgradeLog.v0, log, file) }
    if hasTransformation { UpgradeLog.all(UpgradeLog.transformation, log, file) }
    if layers != nil { UpgradeLog.all(UpgradeLog.v1, log, file) }
    if hasInputs { UpgradeLog.all(UpgradeLog.inputs, log, file) }
    if hasBatchNorm { UpgradeLog.all(UpgradeLog.batchNorm, log, file) }
  }
}
