import Prototxt

/// The layer types that a net may use, by the name that the file gives them.
public struct LayerCatalog: Sendable {
  private let layers: [String: any Layer.Type]

  /// A catalog of the given layers, whose type names must differ.
  package init(_ layers: [any Layer.Type]) {
    self.layers = Dictionary(uniqueKeysWithValues: layers.map { ($0.type, $0) })
  }

  /// The layers of this library: to add one, write its file and name it here.
  public static let standard = LayerCatalog([
    AbsVal.self,
    Accuracy.self,
    ArgMax.self,
    Axpy.self,
    BatchNorm.self,
    BatchReindex.self,
    Bias.self,
    BN.self,
    BNLL.self,
    Clip.self,
    Concat.self,
    ContrastiveLoss.self,
    Convolution.self,
    Crop.self,
    CropCenter.self,
    DataLayer.self,
    Deconvolution.self,
    DetectionOutput.self,
    Dropout.self,
    DummyData.self,
    Eltwise.self,
    ELU.self,
    Embed.self,
    EuclideanLoss.self,
    Exp.self,
    Filter.self,
    Flatten.self,
    HDF5Data.self,
    HDF5Output.self,
    HingeLoss.self,
    Im2col.self,
    ImageDataLayer.self,
    InfogainLoss.self,
    InnerProduct.self,
    Input.self,
    Interp.self,
    L2Normalization.self,
    Logarithm.self,
    LRN.self,
    LSTM.self,
    LSTMUnit.self,
    MemoryData.self,
    MultinomialLogisticLoss.self,
    MVN.self,
    Normalize.self,
    Parameter.self,
    Permute.self,
    Pooling.self,
    Power.self,
    PReLU.self,
    PriorBox.self,
    Proposal.self,
    PSROIPooling.self,
    PythonLayer.self,
    Reduction.self,
    ReLU.self,
    ReLU6.self,
    Reorg.self,
    Reshape.self,
    RNN.self,
    ROIPooling.self,
    Scale.self,
    ShuffleChannel.self,
    Sigmoid.self,
    SigmoidCrossEntropyLoss.self,
    Silence.self,
    Slice.self,
    SmoothL1Loss.self,
    Softmax.self,
    SoftmaxWithLoss.self,
    Split.self,
    SPP.self,
    Swish.self,
    TanH.self,
    Threshold.self,
    Tile.self,
    Upsample.self,
    WindowData.self,
  ])

  /// This catalog and one more layer, perhaps your own.
  package func adding(_ layer: any Layer.Type) -> LayerCatalog {
    LayerCatalog(layers.values.filter { $0.type != layer.type } + [layer])
  }

  /// The type names, sorted.
  public var types: [String] { layers.keys.sorted() }

  /// The layer type of this name, if the catalog has it.
  package subscript(_ type: String) -> (any Layer.Type)? { layers[type] }
}
