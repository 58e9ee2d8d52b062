import Crema
import Foundation
import Prototxt
import TestSupport
import Testing

@Suite struct ReplaceFileTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func put(_ text: String, at path: String) throws(Diagnostic) {
    do { try write(text.utf8, to: path) } catch { throw Diagnostic("\(error)") }
  }

  @Test func replacesInOneStep() throws {
    try write("old".utf8, to: scratch("file"))
    try replaceFile(at: scratch("file")) { temporary throws(Diagnostic) in
      try put("new", at: temporary)
      #expect((try? contents(scratch("file"))) == Array("old".utf8))
    }
    #expect(try contents(scratch("file")) == Array("new".utf8))
    #expect(scratch.names == ["file"])
  }

  @Test func aFailureLeavesTheOldFile() throws {
    try write("old".utf8, to: scratch("file"))
    let error = #expect(throws: Diagnostic.self) {
      try replaceFile(at: scratch("file")) { temporary throws(Diagnostic) in
        try put("half", at: temporary)
        throw Diagnostic("enough")
      }
    }
    #expect(error?.message == "enough")
    #expect(try contents(scratch("file")) == Array("old".utf8))
    #expect(scratch.names == ["file"])
  }

  @Test func linksAreFollowed() throws {
    try write("old".utf8, to: scratch("real"))
    try FileManager.default.createSymbolicLink(atPath: scratch("link"), withDestinationPath: scratch("real"))
    try replaceFile(at: scratch("link")) { temporary throws(Diagnostic) in try put("new", at: temporary) }
    #expect(try contents(scratch("real")) == Array("new".utf8))
  }

  @Test func foldersAndDevicesAreRefused() throws {
    func words(_ path: String) throws -> String {
      try #require(throws: Diagnostic.self) {
        try replaceFile(at: path) { temporary throws(Diagnostic) in try put("x", at: temporary) }
      }.message
    }
    #expect(try words(scratch("none/file")).contains("does not exist; make it first"))
    #expect(try words(scratch.path).contains("it is a folder"))
    #expect(try words("/dev/null").contains("it is a device"))
    #expect(try words("").contains("without a name"))
    try write("x".utf8, to: scratch("file"))
    #expect(try words(scratch("file/inner")).contains("is not a folder"))
  }
}
