import CCaffeProto
import Prototxt

/// Caffe's messages, from the descriptors that protoc-c made of `caffe.proto`.
public enum CaffeSchema {
  /// NetParameter.
  public static let net = unsafe MessageType(caffe__net_parameter__descriptor)
  /// SolverParameter.
  public static let solver = unsafe MessageType(caffe__solver_parameter__descriptor)
  /// LayerParameter.
  public static let layer = unsafe MessageType(caffe__layer_parameter__descriptor)
  /// NetState.
  public static let state = unsafe MessageType(caffe__net_state__descriptor)
  /// BlobProto.
  public static let blob = unsafe MessageType(caffe__blob_proto__descriptor)
  /// SolverState.
  public static let solverState = unsafe MessageType(caffe__solver_state__descriptor)
  /// ParamSpec.
  public static let parameter = unsafe MessageType(caffe__param_spec__descriptor)
  /// BlobShape.
  public static let shape = unsafe MessageType(caffe__blob_shape__descriptor)
}
