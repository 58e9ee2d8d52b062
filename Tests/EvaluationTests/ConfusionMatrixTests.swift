import Evaluation
import Testing

@Suite struct ConfusionMatrixTests {
  private let matrix = ConfusionMatrix(counts: [[8, 2, 0], [1, 3, 0], [0, 0, 6]])

  @Test func countsAndShares() throws {
    #expect((matrix.total, matrix.correct, matrix.errors) == (20, 17, 3))
    #expect(try #require(matrix.accuracy) == 0.85)
    #expect(matrix.share(label: 0, predicted: 1) == 0.2)
    #expect(matrix.recall(of: 1) == 0.75)
    #expect(matrix.precision(of: 1) == 0.6)
    let mean = try #require(matrix.meanRecall)
    #expect(abs(mean - (0.8 + 0.75 + 1) / 3) < 1e-12)
    #expect(!matrix.isBalanced)
  }

  @Test func theReleasedScriptDividesColumnsByRowTotals() {
    #expect(matrix.releasedScriptShare(label: 0, predicted: 1) == 0.5)
    let balanced = ConfusionMatrix(counts: [[3, 1], [2, 2]])
    #expect(balanced.isBalanced)
    for label in 0...1 {
      for predicted in 0...1 {
        #expect(
          balanced.releasedScriptShare(label: label, predicted: predicted)
            == balanced.share(label: label, predicted: predicted))
      }
    }
  }

  @Test func nothingIsDividedByNothing() {
    let empty = ConfusionMatrix(classes: 2)
    #expect(empty.accuracy == nil && empty.meanRecall == nil && empty.precision(of: 0) == nil)
  }

  /// Errors per 10,000 images as the paper's Table VI has them, and its RER.
  @Test(arguments: [(384, 148, 0.6146), (286, 148, 0.4825), (212, 148, 0.3019), (171, 148, 0.1345)])
  func relativeErrorReductionOfTheTable(_ row: (more: Int, fewer: Int, share: Double)) throws {
    let share = try #require(relativeErrorReduction(from: row.more, to: row.fewer))
    #expect(abs(share - row.share) < 1e-4)
    #expect(relativeErrorReduction(from: row.fewer, to: row.more) == nil)
    #expect(relativeErrorReduction(from: row.more, to: row.more) == nil)
  }
}

@Suite struct ReceiverCurveTests {
  /// The area by its definition: the chance that a positive is above a negative.
  private func area(_ images: [(score: Double, isPositive: Bool)]) -> Double {
    var sum = 0.0, pairs = 0.0
    for a in images where a.isPositive {
      for b in images where !b.isPositive {
        sum += a.score > b.score ? 1 : a.score == b.score ? 0.5 : 0
        pairs += 1
      }
    }
    return sum / pairs
  }

  @Test func areaIsTheChanceOfTheRightOrder() throws {
    var state: UInt64 = 7
    for round in 0..<20 {
      let images = (0..<57).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (
          score: Double(state >> 60) / 8 + (round % 2 == 0 ? 0 : Double(state >> 40)), isPositive: state >> 33 & 3 == 0
        )
      }
      let curve = try #require(ReceiverCurve(images))
      #expect(abs(curve.area - area(images)) < 1e-12)
      #expect(curve.points.first?.threshold == nil)
      #expect(curve.points.last.map { [$0.falsePositives, $0.truePositives] } == [1, 1])
    }
  }

  @Test func endsStayWhenThinned() throws {
    let curve = try #require(ReceiverCurve((0..<1000).map { (Double($0), $0 % 3 == 0) }))
    let thin = curve.thinned(to: 11)
    #expect(thin.count == 11 && thin.first == curve.points.first && thin.last == curve.points.last)
  }

  @Test func oneClassAloneHasNoCurve() { #expect(ReceiverCurve([(0.5, true), (0.25, true)]) == nil) }
}

@Suite struct EvaluationNumberTests {
  @Test func percentAndDecimals() {
    #expect(percent(0.98525) == "98.53%")
    #expect(percent(0) == "0.00%")
    #expect(percent(1, digits: 0) == "100%")
    #expect(percent(nil) == "-")
    #expect(decimal(-0.04, digits: 1) == "0.0")
    #expect(decimal(-12.345, digits: 2) == "-12.35")
    #expect(decimal(0.9994, digits: 4) == "0.9994")
  }

  @Test func theFirstOfEqualScoresWins() {
    #expect(Evaluation.Prediction(key: "", label: 0, scores: [0.25, 0.5, 0.5]).predicted == 1)
  }
}
