import Crema
import HDF5
import Prototxt
import TestSupport
import Testing

/// Data that a program gives, and data that goes into a file.
@Suite struct MemoryDataTests {
  private static let text = """
    layer { name: "data" type: "MemoryData" top: "data" top: "label"
            memory_data_param { batch_size: 2 channels: 1 height: 2 width: 3 } TRANSFORM }
    layer { name: "half" type: "Power" bottom: "data" top: "half" power_param { scale: 0.5 } }
    layer { name: "quiet" type: "Silence" bottom: "label" }
    """

  private func net(_ transform: String = "") throws -> Net {
    try SmallNet.net(Self.text.replacingOccurrences(of: "TRANSFORM", with: transform))
  }

  @Test func walksOverArrays() throws {
    let net = try net()
    #expect(net.blob("label")?.shape == [2])
    try net.feed("data", images: (0..<24).map { Float($0) }, labels: [5, 6, 7, 8])
    for labels: [Float] in [[5, 6], [7, 8], [5, 6]] {
      try net.forward()
      #expect(net.blob("label")?.data.values == labels)
      #expect(net.blob("half")?.data.values.first == (labels[0] - 5) * 3)
    }
    #expect(net.blob("label")?.shape == [2, 1, 1, 1])
    #expect(throws: Diagnostic.self) { try net.feed("data", images: [1], labels: [1]) }
    #expect(throws: Diagnostic.self) { try net.feed("half", images: [1], labels: [1]) }
  }

  @Test func transformsDatumsOnly() throws {
    let net = try net("transform_param { scale: 2 mean_value: 1 }")
    let datums = (0..<4).map { Datum.encoded(channels: 1, height: 2, width: 3, pixels: [1, 2, 3, 4, 5, 6], label: $0) }
    try net.feed("data", datums: datums)
    let early = #expect(throws: Diagnostic.self) { try net.feed("data", datums: datums) }
    #expect(early?.message.contains("until current data has been consumed") == true)
    try net.forward()
    #expect(net.blob("data")?.data.values == [0, 2, 4, 6, 8, 10, 0, 2, 4, 6, 8, 10])
    try net.forward()
    #expect(net.blob("label")?.data.values == [2, 3])
    try net.feed("data", images: Array(repeating: 7, count: 12), labels: [0, 0])
    try net.forward()
    #expect(net.blob("data")?.data.values == Array(repeating: 7, count: 12))
    let odd = #expect(throws: Diagnostic.self) { try net.feed("data", datums: Array(datums.prefix(3))) }
    #expect(odd?.message.contains("multiple of the batch size, which is 2") == true)
  }

  @Test func saysThatItHasNoData() throws {
    let net = try net()
    let error = #expect(throws: Diagnostic.self) { try net.forward() }
    #expect(error?.message.contains("MemoryDataLayer needs to be initialized by calling Reset") == true)
    #expect(error?.location?.source.name == "net.prototxt")
  }

  @Test func writesOneBatchToHDF5() throws {
    let scratch = try ScratchFolder()
    let net = try SmallNet.net(
      """
      layer { name: "in" type: "Input" top: "a" top: "b" input_param { shape { dim: 2 dim: 3 } shape { dim: 2 } } }
      layer { name: "out" type: "HDF5Output" bottom: "a" bottom: "b" hdf5_output_param { file_name: "\(scratch("out.h5"))" } }
      """)
    try net.forward(feeding: ["a": [1, 2, 3, 4, 5, 6], "b": [7, 8]])
    let file = try HDF5File(reading: scratch("out.h5"))
    #expect(try file.names() == ["data", "label"])
    #expect(try file.shape(of: "data") == [2, 3, 1, 1])
    #expect(try file.shape(of: "label") == [2, 1, 1, 1])
    #expect(try file.floats(at: "data") == [1, 2, 3, 4, 5, 6])
    #expect(try file.floats(at: "label") == [7, 8])
    let error = #expect(throws: Diagnostic.self) { try net.forward(feeding: ["b": [0, 0]]) }
    #expect(error?.message.contains("HDF5Output writes one forward pass") == true)
    #expect(try HDF5File(reading: scratch("out.h5")).floats(at: "label") == [7, 8])
  }
}
