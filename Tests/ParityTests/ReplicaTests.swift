import Crema
import Prototxt
import TestSupport
import Testing

/// `--gpu=0,1`: two replicas, records dealt out in turn, gradients averaged, statistics per replica.
@Suite struct ReplicaTests {
  /// One run of the small net with plain steps, so that weights tell gradients: step = rate * gradient.
  private func training(replicas: Int, change: (inout Message) -> Void = { _ in }) throws -> Training {
    try Training("training/sgd/solver.prototxt", root: "training", replicas: replicas) { message in
      message.set("momentum", Float(0))
      message.set("weight_decay", Float(0))
      message.remove("test_iter")
      message.remove("test_interval")
      change(&message)
    }
  }

  @Test func gradientsAreTheMeanOfTwoSingleRuns() throws {
    let both = try training(replicas: 2), single = try training(replicas: 1)
    defer { both.clean(); single.clean() }
    let first = Training.weights(single.solver.net)
    // By hand: the single net sees 32 records as two batches of even and of odd ones.
    let net = single.solver.net, reader = try training(replicas: 1)
    defer { reader.clean() }
    var images: [[Float]] = [], labels: [Float] = []
    for _ in 0..<2 {
      try reader.solver.net.forward()
      let data = try #require(reader.solver.net.blob("data")).data,
        label = try #require(reader.solver.net.blob("label")).data
      for i in 0..<data.shape[0] { images.append(data.images(i..<i + 1).values) }
      labels += label.values
    }
    var mean: [[Float]] = [], statistics: [[Float]] = []
    for rank in 0..<2 {
      net.clearGradients()
      try net.forward(feeding: [
        "data": images.enumerated().filter { $0.offset % 2 == rank }.flatMap(\.element),
        "label": labels.enumerated().filter { $0.offset % 2 == rank }.map(\.element),
      ])
      try net.backward()
      let gradients = net.graph.nodes.flatMap { net.weights(of: $0.name) ?? [] }.map(\.gradient.values)
      mean =
        mean.isEmpty
        ? gradients.map { $0.map { $0 / 2 } } : zip(mean, gradients).map { zip($0, $1).map { $0 + $1 / 2 } }
      if rank == 0 { statistics = Training.weights(net) }
    }
    try both.solver.train(for: 1)
    let after = Training.weights(both.solver.net)
    let rates = net.graph.nodes.flatMap { node in node.weights.map { net.graph.parameters[$0.parameter].rate } }
    for (index, rate) in rates.enumerated() {
      for (position, new) in after[index].enumerated() {
        let expected =
          rate == 0 ? statistics[index][position] : first[index][position] - 0.01 * rate * mean[index][position]
        #expect(Tolerance.forward.accepts(new, expected), "weight \(index)[\(position)]: \(new), by hand \(expected)")
      }
    }
  }

  @Test func recordsAreDealtOutInTurn() throws {
    let both = try training(replicas: 2), single = try training(replicas: 1)
    defer { both.clean(); single.clean() }
    var labels: [Float] = []
    for _ in 0..<2 {
      try single.solver.net.forward()
      labels += try #require(single.solver.net.blob("label")).data.values
    }
    for (rank, replica) in both.solver.replicas.enumerated() {
      try replica.forward()
      let own = try #require(replica.blob("label")).data.values
      #expect(own == stride(from: rank, to: 32, by: 2).map { labels[$0] })
    }
  }
}
