import Crema
import Testing

/// Answers of Caffe and Boost 1.74 for the seed 1701, of a Caffe built with fused multiply-add.
@Suite struct RandomStreamTests {
  private let random = RandomStream(seed: 1701)

  /// FNV-1a over the little-endian bytes.
  private func hash(_ numbers: [Float]) -> UInt64 {
    numbers.reduce(1_469_598_103_934_665_603) { hash, number in
      (0..<4).reduce(hash) { ($0 ^ UInt64(number.bitPattern >> UInt32(8 * $1) & 255)) &* 1_099_511_628_211 }
    }
  }

  private func sum(_ table: [Double]) -> UInt64 { table.reduce(0) { $0 &+ $1.bitPattern } }

  @Test func drawsTheWordsOfTheTwister() {
    let words: [UInt32] = [
      384_112_814, 2_227_967_492, 495_543_390, 3_464_664_558, 2_227_988_250, 2_284_365_251, 2_064_242_003,
      3_284_153_829,
    ]
    #expect(words.map { _ in random.draw() } == words)
  }

  @Test func drawsUniformNumbers() {
    let bits: [UInt32] = [
      0xbe52_35cf, 0x3c19_82c0, 0xbe44_ed37, 0x3e1d_052c, 0x3c19_8ce0, 0x3c82_8a60, 0xbc1e_c550, 0x3e07_806c,
    ]
    #expect(bits.map { _ in random.uniform(-0.25, 0.25).bitPattern } == bits)
  }

  @Test func drawsNormalNumbers() {
    let bits: [UInt32] = [
      0xba8f_378f, 0xbc88_f720, 0xbb06_33c0, 0xbbac_bc64, 0xbc53_ebd4, 0x3bbb_bab2, 0x3c13_259e, 0x3bc2_94e9,
    ]
    #expect(bits.map { _ in random.normal(mean: 0, deviation: 0.01).bitPattern } == bits)
  }

  @Test func drawsTruthValues() {
    let single = RandomStream(seed: 1701)
    #expect((0..<24).map { _ in single.bernoulli(Float(0.3)) ? "1" : "0" }.joined() == "101000000000111000000010")
    #expect((0..<24).map { _ in random.bernoulli(0.5) ? "1" : "0" }.joined() == "101000100100111000011011")
  }

  @Test func impossibleEventsDrawNothing() {
    #expect(!random.bernoulli(0.0) && !random.bernoulli(Float(0)) && random.integer(upTo: 0) == 0)
    #expect(random.draw() == 384_112_814)
  }

  @Test func shufflesFromTheEnd() {
    var numbers = Array(0..<12)
    random.shuffle(&numbers)
    #expect(numbers == [0, 10, 9, 8, 6, 2, 3, 4, 7, 11, 5, 1])
  }

  @Test func manyUniformNumbersAreTheSameBits() {
    let numbers = (0..<150_000).map { _ in random.uniform(-0.0721687824, 0.0721687824) }
    #expect(hash(numbers) == 0x5230_d566_c4f6_3fbd)
    #expect(random.draw() == 1_121_754_243)
  }

  @Test(arguments: [(0, 0.01, 0x96ff_01eb_1754_ff10), (0.1, 0.3, 0xae20_95d2_3629_a2b6)] as [(Float, Float, UInt64)])
  func manyNormalNumbersAreTheSameBits(mean: Float, deviation: Float, expected: UInt64) {
    let numbers = (0..<150_000).map { _ in random.normal(mean: mean, deviation: deviation) }
    #expect(hash(numbers) == expected)
    #expect(random.draw() == 1_428_434_828)
  }

  @Test func fillingIsDrawingOneByOne() {
    let other = RandomStream(seed: 1701), tensor = Tensor([3000])
    tensor.write { random.fill(&$0, uniformFrom: -1, to: 2) }
    #expect(tensor.values == (0..<3000).map { _ in other.uniform(-1, 2) })
    tensor.write { random.fill(&$0, normalWithMean: 1, deviation: 2) }
    #expect(tensor.values == (0..<3000).map { _ in other.normal(mean: 1, deviation: 2) })
    tensor.write { random.fill(&$0, bernoulli: 0.7) }
    #expect(tensor.values == (0..<3000).map { _ in other.bernoulli(0.7) ? 1 : 0 })
  }

  @Test func tablesAreThoseOfBoost() {
    #expect(sum(Ziggurat.normalX) == 0xfbcc_14c4_5748_c854)
    #expect(sum(Ziggurat.normalY) == 0xe6a7_83be_97ee_e46b)
    #expect(sum(Ziggurat.exponentialX) == 0xf8ca_34ed_337e_2d94)
    #expect(sum(Ziggurat.exponentialY) == 0xc183_e70e_3ba0_d8ca)
  }

  @Test func streamsWithoutASeedDiffer() {
    let (a, b) = (RandomStream(), RandomStream())
    #expect((0..<4).map { _ in a.draw() } != (0..<4).map { _ in b.draw() })
  }

  @Test func twoMillionNumbersAreQuick() {
    let tensor = Tensor([2_000_000])
    let time = ContinuousClock().measure { tensor.write { random.fill(&$0, uniformFrom: -1, to: 1) } }
    #expect(time < .milliseconds(500), "about 15 ms on an idle machine")
  }
}
