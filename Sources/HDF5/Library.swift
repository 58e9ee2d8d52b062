import CHDF5
import Synchronization

/// HDF5 may be built for one thread at a time: every call happens inside `withLibrary`.
private let library = Mutex(())

/// Keeps HDF5 from cleaning up when the process exits: it would crash on a file that a full disk has kept it from closing.
private let exitsWithoutCleanup = H5dont_atexit() >= 0

/// Runs `body` while no other thread uses HDF5. Does not nest.
///
/// The library prints no errors of its own; that is a property of each thread in some builds, so it is said each time.
func withLibrary<R, E: Error>(_ body: () throws(E) -> sending R) throws(E) -> sending R {
  try library.withLock { (_: inout ()) throws(E) -> sending R in
    _ = exitsWithoutCleanup
    H5Eset_auto2(hid_t(H5E_DEFAULT), nil, nil)
    return try body()
  }
}

/// The one owner of an open HDF5 identifier; used inside `withLibrary`.
struct Handle: ~Copyable {
  let id: hid_t
  private let closeFunction: @convention(c) (hid_t) -> herr_t

  /// Takes over an identifier that is open.
  init(_ id: hid_t, close: @escaping @convention(c) (hid_t) -> herr_t) {
    self.id = id
    closeFunction = close
  }

  deinit { _ = closeFunction(id) }

  /// Closes it, and throws if what it kept in memory cannot be written.
  consuming func close(_ call: String, at site: Site, advice: String) throws(HDF5Error) {
    let code = closeFunction(id)
    discard self
    try site.check(call, code, advice: advice)
  }
}

/// Where in a file something happens: makes the errors.
struct Site {
  let file: String
  var place = ""

  func failure(_ call: String, _ code: Int = -1, advice: String? = nil) -> HDF5Error {
    HDF5Error(
      call: call, file: file, place: place, code: code, words: innermostWords(),
      advice: advice ?? "the file may be damaged: copy it again or write it anew")
  }

  func refusal(_ call: String, _ words: String, _ advice: String) -> HDF5Error {
    HDF5Error(call: call, file: file, place: place, code: 0, words: words, advice: advice)
  }

  /// Throws if the call answered that it failed.
  func check(_ call: String, _ code: herr_t, advice: String? = nil) throws(HDF5Error) {
    guard code >= 0 else { throw failure(call, Int(code), advice: advice) }
  }

  /// Throws if the call answered no identifier.
  func handle(
    _ call: String, _ id: hid_t, close: @escaping @convention(c) (hid_t) -> herr_t, advice: String? = nil
  ) throws(HDF5Error) -> Handle {
    guard id >= 0 else { throw failure(call, Int(id), advice: advice) }
    return Handle(id, close: close)
  }
}
