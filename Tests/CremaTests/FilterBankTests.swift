import Crema
import Prototxt
import TestSupport
import Testing

/// The fixed filters of forensics.
@Suite struct FilterBankTests {
  @Test func countsAndSizes() {
    #expect(FilterBank.allCases.map { $0.filters.count } == [3, 3, 30])
    #expect(FilterBank.allCases.allSatisfy { $0.filters.allSatisfy { $0.count == 25 } })
    #expect(Set(FilterBank.srm30.filters).count == 30)
  }

  /// All are residuals: nothing is left of a flat area, and the pixel itself counts -1.
  @Test(arguments: FilterBank.allCases) func areResiduals(bank: FilterBank) {
    for filter in bank.filters {
      #expect(abs(filter.reduce(0, +)) < 1e-6)
      #expect(filter[12] == -1)
    }
  }

  private func rows(_ filter: [Float], times factor: Float) -> [[Float]] {
    (0..<5).map { row in filter[row * 5..<row * 5 + 5].map { ($0 * factor).rounded() } }
  }

  @Test func knownFilters() {
    let bank = FilterBank.srm30.filters
    #expect(rows(bank[0], times: 1)[1] == [0, 0, 1, 0, 0])
    #expect(rows(bank[1], times: 1)[1] == [0, 0, 0, 1, 0])
    #expect(rows(bank[2], times: 1)[2] == [0, 0, -1, 1, 0])
    #expect(rows(bank[7], times: 1)[1] == [0, 1, 0, 0, 0])
    #expect(rows(bank[10], times: 2)[2] == [0, 1, -2, 1, 0])
    #expect(rows(bank[14], times: 3)[2] == [0, 1, -3, 3, -1])
    #expect(rows(bank[13], times: 3).map { $0[4] } == [-1, 0, 0, 0, 0])
    #expect(rows(bank[21], times: 4)[1...3] == [[0, -1, 2, -1, 0], [0, 2, -4, 2, 0], [0, 0, 0, 0, 0]])
    #expect(rows(bank[22], times: 4).map { $0[3] } == [0, -1, 2, -1, 0])
    #expect(rows(bank[25], times: 12)[2] == [-2, 8, -12, 8, -2])
    #expect(rows(bank[29], times: 12)[0] == [-1, 2, -2, 0, 0])
    #expect(FilterBank.srm3.filters == [bank[20], bank[25], bank[10]])
  }

  private func convolution(_ settings: String) -> String {
    """
    layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 9 dim: 9 } } }
    layer {
      name: "residual" type: "Convolution" bottom: "data" top: "residual"
      convolution_param { bias_term: false \(settings) }
    }
    """
  }

  @Test func fillsEveryChannelOfEveryGroup() throws {
    let filler = "weight_filler { type: 'filter_bank' filter_bank: SRM_3 }"
    let grouped = try SmallNet.net(convolution("num_output: 9 group: 3 kernel_size: 7 \(filler)"))
    let weights = try #require(grouped.weights(of: "residual"))[0].data
    #expect(weights.shape == [9, 1, 7, 7])
    for k in 0..<9 {
      let plane = Array(weights.values[k * 49..<k * 49 + 49])
      let inner = (1..<6).flatMap { row in plane[row * 7 + 1..<row * 7 + 6] }
      #expect(inner == FilterBank.srm3.filters[k % 3])
      #expect(plane.reduce(0) { $0 + abs($1) } == inner.reduce(0) { $0 + abs($1) })
    }
    let summed = try SmallNet.net(convolution("num_output: 3 kernel_size: 5 \(filler)"))
    let values = try #require(summed.weights(of: "residual"))[0].data.values
    #expect(values == FilterBank.srm3.filters.flatMap { $0 + $0 + $0 })
  }

  @Test(arguments: [
    ("num_output: 4 kernel_size: 5 weight_filler { type: 'filter_bank' filter_bank: HIGH_PASS }", "multiple of 3"),
    ("num_output: 30 kernel_size: 3 weight_filler { type: 'filter_bank' filter_bank: SRM_30 }", "not 3x3"),
    ("num_output: 3 kernel_size: 6 weight_filler { type: 'filter_bank' filter_bank: SRM_3 }", "must be odd"),
    ("num_output: 3 kernel_size: 5 weight_filler { type: 'filter_bank' }", "needs a filter_bank: HIGH_PASS, SRM_3"),
    ("num_output: 3 kernel_size: 5 weight_filler { type: 'xavier' filter_bank: SRM_3 }", "takes no filter_bank"),
  ])
  func refuses(settings: String, message: String) throws {
    let error = try #require(throws: Diagnostic.self) { try SmallNet.graph(convolution(settings)) }
    #expect(error.message.contains(message), "\(error)")
    #expect(error.location?.line == 4)
  }

  @Test func unknownBanksAreAnErrorOfTheText() throws {
    let list = try #require(throws: DiagnosticList.self) {
      try SmallNet.graph(convolution("num_output: 3 kernel_size: 5 weight_filler { filter_bank: SRM_31 }"))
    }
    #expect(list.first.message.contains("'SRM_31' is no value of 'filter_bank'"))
  }
}
