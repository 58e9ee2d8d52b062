import CCaffeProto
import Prototxt

/// Caffe's messages, from the descriptors that protoc-c made of `caffe.proto`; what forks have besides
/// is for texts only.
public enum CaffeSchema {
  /// NetParameter.
  public static let net = withForks[0]
  /// SolverParameter.
  public static let solver = withForks[1]
  /// LayerParameter.
  public static let layer = withForks[2]
  /// NetState.
  public static let state = unsafe MessageType(caffe__net_state__descriptor)
  /// BlobProto.
  public static let blob = unsafe MessageType(caffe__blob_proto__descriptor)
  /// SolverState.
  public static let solverState = unsafe MessageType(caffe__solver_state__descriptor)
  /// ParamSpec.
  public static let parameter = nested("param", in: layer)
  /// BlobShape.
  public static let shape = unsafe MessageType(caffe__blob_shape__descriptor)
  /// FillerParameter.
  static let filler = MessageType.adding(
    MessageType.Additions(fields: ["FillerParameter": CremaSchema.filler]),
    in: [unsafe MessageType(caffe__filler_parameter__descriptor)])[0]
  /// ReLUParameter.
  static let relu = unsafe MessageType(caffe__re_luparameter__descriptor)

  private static func nested(_ field: String, in type: MessageType) -> MessageType {
    guard case .message(let nested)? = type.field(field)?.kind else {
      preconditionFailure("\(type) has no message '\(field)'")
    }
    return nested
  }

  private static let withForks = MessageType.adding(
    ForkSchema.additions,
    in: [
      unsafe MessageType(caffe__net_parameter__descriptor), unsafe MessageType(caffe__solver_parameter__descriptor),
      unsafe MessageType(caffe__layer_parameter__descriptor),
    ])
}
