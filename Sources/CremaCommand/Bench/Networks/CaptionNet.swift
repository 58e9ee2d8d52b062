/// A language model as captioners use it: words, two LSTM layers, the next word. All sequences have `steps` words.
package enum CaptionNet {
  /// The lengths of its axes.
  package static let steps = 20, sequences = 32, words = 1000, embedded = 256, outputs = 512

  /// The net that is trained on the sequences of an HDF5 file: `cont` says where they begin, `words` what they are.
  package static func training(source: String) -> String {
    var net = NetText(name: "caption LSTM")
    net.layer(
      "data", "HDF5Data", [], ["cont", "words", "next"],
      "hdf5_data_param { source: \"\(source)\" batch_size: \(steps) }")
    net.layer(
      "embedding", "Embed", ["words"], ["embedded"],
      "embed_param { input_dim: \(words) num_output: \(embedded) bias_term: false\(net.weights(uniform)) }")
    var blob = "embedded"
    for name in ["lstm1", "lstm2"] {
      net.layer(
        name, "LSTM", [blob, "cont"], [name], "recurrent_param { num_output: \(outputs)\(net.weights(uniform)) }")
      blob = name
    }
    net.layer(
      "predict", "InnerProduct", [blob], ["predict"],
      "inner_product_param { num_output: \(words) axis: 2\(net.weights(uniform)) }")
    net.layer("loss", "SoftmaxWithLoss", ["predict", "next"], ["loss"], "softmax_param { axis: 2 }")
    return net.text
  }

  private static let uniform = "type: \"uniform\" min: -0.08 max: 0.08"
}
