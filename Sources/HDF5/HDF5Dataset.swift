import CHDF5

/// An open dataset of numbers with at least one axis, read row by row: a row is an index of the first axis.
///
///     let labels = try HDF5Dataset("label", in: HDF5File(reading: "train.h5"))
///
/// All methods throw an `HDF5Error`. The file stays open as long as the dataset.
public final class HDF5Dataset {
  /// The dimensions, outermost first.
  public let shape: [Int]
  /// What the elements are: floating-point numbers or integers.
  public let elementClass: HDF5ElementClass
  /// Whether rows lie in pieces that are read, and perhaps decompressed, as a whole.
  public let isChunked: Bool
  private let id: hid_t
  private let site: Site
  private let file: HDF5File

  /// The number of rows.
  public var rows: Int { shape[0] }
  /// The number of elements of a row.
  public var rowCount: Int { shape.dropFirst().reduce(1, *) }

  /// Opens a dataset. Throws if there is none, if it is a scalar, or if it holds no numbers.
  public init(_ name: String, in file: HDF5File) throws(HDF5Error) {
    self.file = file
    let site = Site(file: file.path, place: name)
    self.site = site
    (id, shape, elementClass, isChunked) = try withLibrary { () throws(HDF5Error) in
      let elements = try Elements(dataset: file.openDataset(name), site: site)
      try elements.checkNumbers()
      try elements.checkPlausible(fileBytes: file.byteCount)
      guard !elements.shape.isEmpty else {
        throw site.refusal("H5Sget_simple_extent_ndims", "it is a single number", "rows are wanted: give it an axis")
      }
      let layout = try site.handle("H5Dget_create_plist", H5Dget_create_plist(elements.object.id), close: H5Pclose)
      let isChunked = H5Pget_layout(layout.id) == H5D_CHUNKED
      try site.check("H5Iinc_ref", H5Iinc_ref(elements.object.id))
      return (elements.object.id, elements.shape, elements.elementClass, isChunked)
    }
  }

  deinit { _ = withLibrary { H5Dclose(id) } }

  /// Reads rows that follow each other, row-major and converted to floats, into memory of exactly their count.
  @unsafe public func read(
    rows: Range<Int>, into memory: UnsafeMutableBufferPointer<Float>
  ) throws(HDF5Error) {
    guard rows.lowerBound >= 0, rows.upperBound <= self.rows, rows.count * rowCount == memory.count else {
      throw site.refusal(
        "H5Dread",
        "rows \(rows.lowerBound) to \(rows.upperBound) of \(shape) are asked for, and room for "
          + "\(memory.count) values is given", "ask for rows that there are")
    }
    guard let start = memory.baseAddress, !memory.isEmpty else { return }
    try withLibrary { () throws(HDF5Error) in
      let space = try site.handle("H5Dget_space", H5Dget_space(id), close: H5Sclose)
      var first = shape.map { _ in hsize_t(0) }, count = shape.map { hsize_t($0) }
      (first[0], count[0]) = (hsize_t(rows.lowerBound), hsize_t(rows.count))
      try unsafe site.check(
        "H5Sselect_hyperslab", H5Sselect_hyperslab(space.id, H5S_SELECT_SET, first, nil, count, nil))
      let target = try site.space([memory.count])
      try unsafe site.check(
        "H5Dread", H5Dread(id, crema_h5_float(), target.id, space.id, hid_t(H5P_DEFAULT), start))
    }
  }
}
