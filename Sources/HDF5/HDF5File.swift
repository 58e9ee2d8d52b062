import CHDF5

/// What a name in an HDF5 file leads to.
public enum HDF5Kind: Sendable {
  case group
  case dataset
  /// A named type, which holds no data.
  case other
}

/// What the elements of a dataset or attribute are.
public enum HDF5ElementClass: Equatable, Sendable {
  case float
  case integer
  case string
  /// HDF5's name of another class, for example `H5T_COMPOUND`.
  case other(String)
}

/// An open HDF5 file.
///
///     let file = try HDF5File(reading: "mean.h5")
///     for name in try file.names(in: "data") { print(name, try file.shape(of: "data/" + name)) }
///
/// Names with slashes are paths through groups. All methods throw an `HDF5Error`. HDF5 works for one thread at a time;
/// the methods wait for each other, across all files.
public final class HDF5File {
  private(set) var id: hid_t
  /// The file, as given.
  public let path: String
  /// The size of the file when it was opened for reading, in bytes.
  let byteCount: UInt64

  /// Whether the file starts (by its content, not its name) as HDF5 files do; false if it cannot be read.
  public static func isHDF5(_ path: String) -> Bool {
    withLibrary { unsafe H5Fis_hdf5(path) > 0 }
  }

  /// Opens a file for reading. Throws if it is missing, no HDF5, or truncated.
  public init(reading path: String) throws(HDF5Error) {
    let site = Site(file: path)
    (id, byteCount) = try withLibrary { () throws(HDF5Error) in
      let signature = unsafe H5Fis_hdf5(path)
      if signature == 0 { throw site.refusal("H5Fis_hdf5", "this is no HDF5 file", "check the path") }
      if signature < 0 {
        throw site.failure("H5Fis_hdf5", advice: "check that the path is a file and readable")
      }
      let file = try unsafe site.handle(
        "H5Fopen", H5Fopen(path, crema_h5_read_only(), hid_t(H5P_DEFAULT)), close: { _ in 0 })
      var size: hsize_t = 0
      return unsafe (file.id, H5Fget_filesize(file.id, &size) < 0 ? 0 : size)
    }
    self.path = path
  }

  /// Creates a file for writing; what was at the path is lost.
  public init(creating path: String) throws(HDF5Error) {
    let site = Site(file: path)
    id = try withLibrary { () throws(HDF5Error) in
      try unsafe site.handle(
        "H5Fcreate", H5Fcreate(path, crema_h5_truncate(), hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT)), close: { _ in 0 },
        advice: "check that the folder exists, may be written and has space, and that the file is not open"
      ).id
    }
    byteCount = 0
    self.path = path
  }

  deinit {
    guard id >= 0 else { return }
    _ = withLibrary { H5Fclose(id) }
  }

  /// Closes the file now, instead of when it goes away, and throws if not all could be written. All later calls throw.
  public func close() throws(HDF5Error) {
    guard id >= 0 else { return }
    try flush()
    let closing = id
    id = -1
    try withLibrary { () throws(HDF5Error) in
      try Site(file: path).check("H5Fclose", H5Fclose(closing), advice: "free some space on the disk")
    }
  }

  /// Writes everything to the file system; throws if that fails (a full disk).
  public func flush() throws(HDF5Error) {
    try withLibrary { () throws(HDF5Error) in
      try Site(file: path).check("H5Fflush", H5Fflush(id, H5F_SCOPE_GLOBAL), advice: "free some space on the disk")
    }
  }

  /// The names in a group, by name index in the library's own order (in practice sorted by bytes).
  public func names(in group: String = "/") throws(HDF5Error) -> [String] {
    try withLibrary { () throws(HDF5Error) in
      let site = Site(file: path, place: group)
      guard try kindUnlocked(of: group) == .group else {
        throw site.refusal("H5Gopen", "there is no such group", "check which groups the file has (h5dump -n)")
      }
      let opened = try unsafe site.handle("H5Gopen", H5Gopen2(id, group, hid_t(H5P_DEFAULT)), close: H5Gclose)
      var info = H5G_info_t()
      try site.check("H5Gget_info", unsafe H5Gget_info(opened.id, &info))
      var names: [String] = []
      for index in 0..<info.nlinks {
        names.append(
          try unsafe site.text("H5Lget_name_by_idx") { buffer, size in
            unsafe H5Lget_name_by_idx(
              opened.id, ".", H5_INDEX_NAME, H5_ITER_NATIVE, index, buffer, size, hid_t(H5P_DEFAULT))
          })
      }
      return names
    }
  }

  /// What the name leads to; nil if nothing does.
  public func kind(of name: String) throws(HDF5Error) -> HDF5Kind? {
    try withLibrary { () throws(HDF5Error) in try kindUnlocked(of: name) }
  }

  private func kindUnlocked(of name: String) throws(HDF5Error) -> HDF5Kind? {
    guard try exists(name) else { return nil }
    let object = try openObject(name)
    switch H5Iget_type(object.id) {
    case H5I_GROUP: return .group
    case H5I_DATASET: return .dataset
    default: return .other
    }
  }

  /// Whether every step of the path is a link and the last one leads to an object.
  private func exists(_ name: String) throws(HDF5Error) -> Bool {
    var prefix = name.hasPrefix("/") ? "/" : ""
    for step in name.split(separator: "/") where step != "." {
      prefix += prefix.isEmpty || prefix == "/" ? step : "/" + step
      guard unsafe H5Lexists(id, prefix, hid_t(H5P_DEFAULT)) > 0,
        unsafe H5Oexists_by_name(id, prefix, hid_t(H5P_DEFAULT)) > 0
      else { return false }
    }
    return true
  }

  /// Opens a group, dataset or named type.
  func openObject(_ name: String) throws(HDF5Error) -> Handle {
    let site = Site(file: path, place: name)
    guard try exists(name) else { throw noSuchThing(site, "object") }
    return try unsafe site.handle("H5Oopen", H5Oopen(id, name, hid_t(H5P_DEFAULT)), close: H5Oclose)
  }

  /// Opens a dataset.
  func openDataset(_ name: String) throws(HDF5Error) -> Handle {
    let site = Site(file: path, place: name)
    switch try kindUnlocked(of: name) {
    case nil: throw noSuchThing(site, "dataset")
    case .dataset: return try unsafe site.handle("H5Dopen", H5Dopen2(id, name, hid_t(H5P_DEFAULT)), close: H5Dclose)
    default: throw site.refusal("H5Dopen", "this is no dataset", "name one of the datasets inside it (h5dump -n)")
    }
  }

  private func noSuchThing(_ site: Site, _ what: String) -> HDF5Error {
    site.refusal("H5Lexists", "there is no such \(what)", "check the names in the file (h5dump -n)")
  }
}

extension Site {
  /// A text of unknown length, from a call that answers the length and fills in what fits.
  func text(
    _ call: String, _ body: (UnsafeMutablePointer<CChar>?, Int) -> Int
  ) throws(HDF5Error) -> String {
    let length = body(nil, 0)
    guard length >= 0 else { throw failure(call, length) }
    var buffer = [CChar](repeating: 0, count: length + 1)
    let written = unsafe buffer.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress, $0.count) }
    guard written >= 0 else { throw failure(call, written) }
    return String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
