/// A network that the workloads use, written from its specification.
package struct BenchNetwork: Sendable {
  /// The name, also of the net.
  package let name: String
  /// Channels, height and width of an image.
  let input: [Int]
  /// The number of classes.
  let classes: Int
  /// What a solver's data layer does with a stored image.
  let transform: String
  /// Whether what the layers answer are scores that Softmax makes probabilities.
  var givesScores = true
  /// Adds the layers behind `data`; answers the scores of the classes.
  let layers: @Sendable (inout NetText, _ data: String) -> String

  /// The net that computes the classes' probabilities of a batch that is given.
  ///
  /// - Parameter fills: whether weights get fillers.
  package func inference(batch: Int, fills: Bool = true) -> String {
    var net = NetText(name: name, fills: fills)
    net.input("data", [batch] + input)
    let scores = layers(&net, "data")
    if givesScores { net.layer("prob", "Softmax", [scores], ["prob"]) }
    return net.text
  }

  /// The net that is trained on an LMDB.
  package func training(batch: Int, source: String) -> String {
    var net = NetText(name: name)
    net.data(source, batch: batch, transform: transform)
    let scores = layers(&net, "data")
    net.layer("loss", "SoftmaxWithLoss", [scores, "label"], ["loss"])
    return net.text
  }
}
