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

  /// The first dropout mask of a net, as it is after a forward pass.
  private func mask(_ net: Net) throws -> [Float] {
    let node = try #require(net.graph.nodes.firstIndex { $0.type == "Dropout" })
    return net.memory.kept[node][0].values
  }

  /// A rank draws what a solver of its own with the seed + rank draws, test nets included, and takes one number of the first rank's.
  @Test func ranksDrawAsThreadsOfTheirOwn() throws {
    func dropout(_ replicas: Int, seed: Int = 1701) throws -> Training {
      try Training("training/dropout/solver.prototxt", root: "training", replicas: replicas) {
        $0.set("random_seed", seed)
      }
    }
    let both = try dropout(2), first = try dropout(1), second = try dropout(1, seed: 1702)
    defer { both.clean(); first.clean(); second.clean() }
    for net in both.solver.replicas + [first.solver.net, second.solver.net] { try net.forward() }
    #expect(try mask(both.solver.replicas[1]) == mask(second.solver.net))
    #expect(try Array(mask(both.solver.replicas[0]).dropLast()) == Array(mask(first.solver.net).dropFirst()))
  }

  @Test func theLargestSeedHasReplicasToo() throws {
    let both = try Training("training/sgd/solver.prototxt", root: "training", replicas: 2) {
      $0.set("random_seed", Int.max)
    }
    defer { both.clean() }
    #expect(both.solver.replicas.count == 2)
  }

  /// Statistics are the first rank's at the start, and each rank's own from then on.
  @Test func statisticsBeginAsTheFirstRanks() throws {
    let both = try training(replicas: 2)
    defer { both.clean() }
    let index = try #require(both.solver.net.graph.nodes.firstIndex { $0.type == "BatchNorm" })
    both.solver.net.memory.weights[index][2].data.fill(5)
    try both.solver.train(for: 1)
    let factors = both.solver.replicas.map { $0.memory.weights[index][2].data.values }
    #expect(factors[0] == factors[1])
    #expect(factors[0][0] > 5)
    let means = both.solver.replicas.map { $0.memory.weights[index][0].data.values }
    #expect(means[0] != means[1])
  }
}
