import Prototxt
import Testing

@Suite struct WireTests {
  /// Walks all fields of one level.
  private func walk(_ bytes: [UInt8]) throws(Diagnostic) -> [WireField] {
    var reader = WireReader(0..<bytes.count, file: "m")
    var fields: [WireField] = []
    while let field = try reader.next(in: bytes.span) { fields.append(field) }
    return fields
  }

  private func fault(_ bytes: [UInt8]) -> String {
    do {
      _ = try walk(bytes)
      return ""
    } catch { return error.message }
  }

  @Test func writtenFieldsAreReadBack() throws {
    var writer = WireWriter()
    writer.field(1, -1)
    writer.field(2, "abc")
    writer.tag(3, .fixed32)
    writer.fixed32(0x0102_0304)
    writer.tag(4, .fixed64)
    writer.fixed64(0x0102_0304_0506_0708)
    writer.header(100, length: 2)
    writer.raw([8, 9])
    let fields = try walk(writer.bytes)
    #expect(fields.map(\.number) == [1, 2, 3, 4, 100])
    #expect(fields.map(\.type) == [.varint, .bytes, .fixed32, .fixed64, .bytes])
    #expect(fields.map(\.value) == [.max, 3, 0x0102_0304, 0x0102_0304_0506_0708, 2])
    #expect(fields[0].range.count == 10)
    #expect(Array(writer.bytes[fields[1].range]) == Array("abc".utf8))
    #expect(Array(writer.bytes[fields[4].range]) == [8, 9])
    for value in [0, 1, 127, 128, 16383, 16384, UInt64(1) << 63, .max] {
      var one = WireWriter()
      one.varint(value)
      #expect(one.bytes.count == WireWriter.size(ofVarint: value))
      var reader = WireReader(0..<one.bytes.count)
      #expect(try reader.varint(in: one.bytes.span) == value)
    }
  }

  @Test func everyFaultHasItsByte() {
    #expect(fault([0x08, 0x01, 0x12, 0x05, 0x61]) == "m, byte 2: field 2 should have 5 bytes, but only 1 are left")
    #expect(fault([0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]).hasPrefix("m, byte 0: field 2"))
    #expect(fault([0x08]) == "m, byte 1: the data end inside of a number")
    #expect(fault([0x08] + Array(repeating: 0xFF, count: 10)) == "m, byte 1: a number is longer than 64 bits")
    #expect(fault([0x0D, 1, 2]) == "m, byte 1: the data end inside of a number")
    #expect(fault([0x0B]) == "m, byte 0: field 1 has the wire type 3, which cannot be read")
    #expect(fault([0x00]) == "m, byte 0: a field has the number 0, which cannot be")
    var beyond = WireReader(5..<9)
    #expect(throws: Diagnostic.self) { try beyond.next(in: [1, 2].span) }
  }

  @Test func unpackingFaultsHaveTheirByte() {
    let table: [([UInt8], MessageType, String)] = [
      ([0x0D, 0, 0, 0, 0], Caffe.net, "byte 0: field 1 ('name' of NetParameter) has the wire type 5 instead of 2"),
      ([0x0A, 0x03, 0x61, 0x00, 0x62], Caffe.net, "byte 3: 'name' of NetParameter contains the character \\0"),
      ([0x2A, 0x03, 0, 0, 0], Caffe.blob, "byte 2: 'data' has 3 bytes, which are not a multiple of 4"),
      ([0xA2, 0x09, 0x00], Caffe.layer, "byte 3: ClipParameter needs 'min', which is missing"),
      ([0x3A, 0x02, 0x0A, 0x05], Caffe.blob, "byte 2: field 1 should have 5 bytes, but only 0 are left"),
    ]
    for (bytes, type, message) in table {
      #expect { try Message(binary: bytes, as: type) } throws: { ($0 as? Diagnostic)?.message == message }
    }
  }

  @Test func packedAndSingleNumbersAreBothRead() throws {
    let packed: [UInt8] = [0x3A, 0x04, 0x0A, 0x02, 0x02, 0x03]
    let single: [UInt8] = [0x3A, 0x04, 0x08, 0x02, 0x08, 0x03]
    for bytes in [packed, single] {
      #expect(try Message(binary: bytes, as: Caffe.blob).message("shape").ints("dim") == [2, 3])
      #expect(try Message(binary: bytes, as: Caffe.blob).binary() == packed)
    }
  }

  @Test func absentAndDefaultAreKeptApart() throws {
    #expect(try Message(binary: [], as: Caffe.filler).fields.isEmpty)
    for text in ["type: \"constant\"", "type: \"\"", "value: 0", "variance_norm: FAN_IN", "sparse: -1"] {
      let message = try parse(text, as: Caffe.filler)
      let back = try Message(binary: message.binary(), as: Caffe.filler)
      #expect(TextPrinter.print(back) == text + "\n")
    }
    #expect(try parse("", as: Caffe.filler).binary().isEmpty)
  }

  @Test func unknownFieldsAndEnumNumbersAreKept() throws {
    var writer = WireWriter()
    writer.field(1, "layer")
    writer.field(10, 7)
    writer.field(601, "text")
    writer.field(602, 300)
    writer.tag(603, .fixed32)
    writer.fixed32(5)
    let layer = try Message(binary: writer.bytes, as: Caffe.layer)
    #expect(!layer.has("phase"))
    #expect(layer.unknownFields().map(\.name) == ["10", "601", "602", "603"])
    #expect(
      TextPrinter.print(layer) == "name: \"layer\"\n10: 7\n601: \"text\"\n602: 300\n603: 0x00000005\n")
    #expect(Set(try walk(layer.binary()).map(\.number)) == [1, 10, 601, 602, 603])
    #expect(TextPrinter.print(try Message(binary: layer.binary(), as: Caffe.layer)).contains("602: 300\n"))
  }

  @Test func bytesOfAllKinds() throws {
    var datum = Message(Caffe.datum)
    datum.set("data", .bytes(Array(0...255)))
    datum.set("label", -3)
    datum.set("float_data", [1.5, -2] as [Float])
    datum.set("encoded", true)
    let back = try Message(binary: datum.binary(), as: Caffe.datum)
    #expect(back.bytes("data") == Array(0...255))
    #expect(back.int("label") == -3)
    #expect(back.floats("float_data") == [1.5, -2])
    #expect(back.bool("encoded"))
    var latin = Message(Caffe.net)
    latin.set("name", .bytes([0xE9]))
    #expect(try Message(binary: latin.binary(), as: Caffe.net).bytes("name") == [0xE9])
  }

  @Test func cutAndChangedBytesNeverCrash() throws {
    let messages = try [
      parse(fixture("upgrade/current_text_syntax.prototxt")), parse(fixture("upgrade/v1_params.prototxt")),
    ]
    for bytes in messages.map({ $0.binary() }) {
      #expect(bytes.count > 400)
      for length in 0..<bytes.count { _ = try? Message(binary: Array(bytes[..<length]), as: Caffe.net) }
      for index in bytes.indices {
        for other: UInt8 in [0, 1, 2, 3, 5, 0x0A, 0x7F, 0x80, 0xFF, bytes[index] ^ 1, bytes[index] ^ 0x10] {
          var changed = bytes
          changed[index] = other
          guard let message = try? Message(binary: changed, as: Caffe.net) else { continue }
          _ = message.binary()
          #expect(!TextPrinter.print(message).isEmpty)
        }
      }
    }
  }
}
