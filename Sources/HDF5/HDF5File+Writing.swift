import CHDF5

/// The advice for a write that failed.
private let writeAdvice = "check that the name is new, that its groups exist, and that the disk has space"

// Writes as Caffe does: contiguous little-endian datasets with HDF5's default properties.
extension HDF5File {
  /// Creates a group. With `intermediates` the missing groups on the way to it are created as well, without they are an
  /// error, as is a group that exists.
  public func makeGroup(_ name: String, intermediates: Bool = false) throws(HDF5Error) {
    try withLibrary { () throws(HDF5Error) in
      let site = Site(file: path, place: name)
      let creation = try site.handle("H5Pcreate", H5Pcreate(crema_h5_link_creation()), close: H5Pclose)
      if intermediates {
        try site.check("H5Pset_create_intermediate_group", H5Pset_create_intermediate_group(creation.id, 1))
      }
      _ = try unsafe site.handle(
        "H5Gcreate", H5Gcreate2(id, name, creation.id, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT)), close: H5Gclose,
        advice: writeAdvice)
    }
  }

  /// Writes a new dataset of 32-bit floats, row-major; an empty shape makes a scalar.
  ///
  /// The number of values must be the product of the shape.
  public func write(_ values: Span<Float>, shape: [Int], to name: String) throws(HDF5Error) {
    try unsafe values.withUnsafeBytes { bytes throws(HDF5Error) in
      try unsafe write(bytes, count: values.count, as: crema_h5_float(), shape: shape, to: name)
    }
  }

  /// Writes a new dataset of 32-bit floats, row-major; an empty shape makes a scalar.
  public func write(_ values: [Float], shape: [Int], to name: String) throws(HDF5Error) {
    try write(values.span, shape: shape, to: name)
  }

  /// Writes a new dataset of 32-bit floats, given as bytes that need not be aligned, row-major; an empty shape makes a
  /// scalar.
  ///
  /// - Parameter willWrite: called with the bytes that are given to the system next, every few megabytes.
  public func write(
    floats bytes: RawSpan, shape: [Int], to name: String, willWrite: (RawSpan) -> Void = { _ in }
  ) throws(HDF5Error) {
    try unsafe bytes.withUnsafeBytes { memory throws(HDF5Error) in
      try unsafe write(
        memory, count: memory.count / 4, as: crema_h5_float(), shape: shape, to: name, willWrite: willWrite)
    }
  }

  /// Writes a new dataset of 32-bit integers, row-major; an empty shape makes a scalar.
  public func write(int32s values: [Int32], shape: [Int], to name: String) throws(HDF5Error) {
    try unsafe values.span.withUnsafeBytes { bytes throws(HDF5Error) in
      try unsafe write(bytes, count: values.count, as: crema_h5_int32(), shape: shape, to: name)
    }
  }

  /// Writes a new dataset of bytes, row-major; an empty shape makes a scalar.
  public func write(bytes values: [UInt8], shape: [Int], to name: String) throws(HDF5Error) {
    try unsafe values.span.withUnsafeBytes { bytes throws(HDF5Error) in
      try unsafe write(bytes, count: values.count, as: crema_h5_uint8(), shape: shape, to: name)
    }
  }

  /// Writes a new scalar dataset with one string of fixed length, ended by a NUL.
  public func write(_ text: String, to name: String) throws(HDF5Error) {
    try withLibrary { () throws(HDF5Error) in
      let site = Site(file: path, place: name)
      let bytes = Array(text.utf8) + [0]
      let type = try site.stringType(byteCount: bytes.count)
      try unsafe bytes.span.withUnsafeBytes { memory throws(HDF5Error) in
        try unsafe store(memory, as: type.id, shape: [], at: site)
      }
    }
  }

  private func write(
    _ bytes: UnsafeRawBufferPointer, count: Int, as type: hid_t, shape: [Int], to name: String,
    willWrite: (RawSpan) -> Void = { _ in }
  ) throws(HDF5Error) {
    let site = Site(file: path, place: name)
    try site.check(count, fills: shape)
    try withLibrary { () throws(HDF5Error) in
      try unsafe store(bytes, as: type, shape: shape, at: site, willWrite: willWrite)
    }
  }

  private func store(
    _ bytes: UnsafeRawBufferPointer, as type: hid_t, shape: [Int], at site: Site,
    willWrite: (RawSpan) -> Void = { _ in }
  ) throws(HDF5Error) {
    let space = try site.space(shape)
    let normal = hid_t(H5P_DEFAULT)
    let dataset = try unsafe site.handle(
      "H5Dcreate", H5Dcreate2(id, site.place, type, space.id, normal, normal, normal), close: H5Dclose,
      advice: writeAdvice)
    try unsafe fill(dataset, with: bytes, as: type, shape: shape, space, at: site, willWrite: willWrite)
    try dataset.close("H5Dclose", at: site, advice: "free some space on the disk")
  }

  /// Writes the elements of a dataset: all at once, or some megabytes at a time.
  private func fill(
    _ dataset: borrowing Handle, with bytes: UnsafeRawBufferPointer, as type: hid_t, shape: [Int],
    _ space: borrowing Handle, at site: Site, willWrite: (RawSpan) -> Void
  ) throws(HDF5Error) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    let all = hid_t(H5S_ALL), normal = hid_t(H5P_DEFAULT)
    guard let axis = shape.firstIndex(where: { $0 > 1 }), bytes.count > Self.piece else {
      unsafe willWrite(RawSpan(_unsafeBytes: bytes))
      try unsafe site.check("H5Dwrite", H5Dwrite(dataset.id, type, all, all, normal, start), advice: writeAdvice)
      return
    }
    var first = [hsize_t](repeating: 0, count: shape.count), count = shape.map { hsize_t($0) }
    let rows = shape[axis], row = shape[(axis + 1)...].reduce(1, *), rowBytes = bytes.count / rows
    for begin in stride(from: 0, to: rows, by: max(1, Self.piece / rowBytes)) {
      let end = min(rows, begin + max(1, Self.piece / rowBytes))
      (first[axis], count[axis]) = (hsize_t(begin), hsize_t(end - begin))
      try unsafe site.check(
        "H5Sselect_hyperslab", H5Sselect_hyperslab(space.id, H5S_SELECT_SET, first, nil, count, nil))
      let piece = unsafe UnsafeRawBufferPointer(rebasing: bytes[begin * rowBytes..<end * rowBytes])
      unsafe willWrite(RawSpan(_unsafeBytes: piece))
      let lent = try site.space([(end - begin) * row])
      try unsafe site.check(
        "H5Dwrite", H5Dwrite(dataset.id, type, lent.id, space.id, normal, piece.baseAddress), advice: writeAdvice
      )
    }
  }

  /// The most bytes of one call, unless a row of the first axis has more.
  private static let piece = 4 << 20

  /// Gives a group or dataset ("/": the file) a new scalar attribute with a string of fixed length, ended by a NUL.
  public func setAttribute(_ name: String, to text: String, of object: String = "/") throws(HDF5Error) {
    try withLibrary { () throws(HDF5Error) in
      let site = Site(file: path, place: object + "@" + name)
      let bytes = Array(text.utf8) + [0]
      let type = try site.stringType(byteCount: bytes.count)
      try unsafe bytes.span.withUnsafeBytes { memory throws(HDF5Error) in
        try unsafe attach(memory, as: type.id, shape: [], name, of: object, at: site)
      }
    }
  }

  /// Gives a group or dataset ("/": the file) a new attribute of 32-bit integers; an empty shape makes a scalar.
  public func setAttribute(
    _ name: String, toInt32s values: [Int32], shape: [Int], of object: String = "/"
  ) throws(HDF5Error) {
    let site = Site(file: path, place: object + "@" + name)
    try site.check(values.count, fills: shape)
    try withLibrary { () throws(HDF5Error) in
      try unsafe values.span.withUnsafeBytes { memory throws(HDF5Error) in
        try unsafe attach(memory, as: crema_h5_int32(), shape: shape, name, of: object, at: site)
      }
    }
  }

  /// Gives a group or dataset ("/": the file) a new attribute of doubles; an empty shape makes a scalar.
  public func setAttribute(
    _ name: String, toDoubles values: [Double], shape: [Int], of object: String = "/"
  ) throws(HDF5Error) {
    let site = Site(file: path, place: object + "@" + name)
    try site.check(values.count, fills: shape)
    try withLibrary { () throws(HDF5Error) in
      try unsafe values.span.withUnsafeBytes { memory throws(HDF5Error) in
        try unsafe attach(memory, as: crema_h5_double(), shape: shape, name, of: object, at: site)
      }
    }
  }

  private func attach(
    _ bytes: UnsafeRawBufferPointer, as type: hid_t, shape: [Int], _ name: String, of object: String, at site: Site
  ) throws(HDF5Error) {
    let holder = try openObject(object)
    let space = try site.space(shape)
    let normal = hid_t(H5P_DEFAULT)
    let attribute = try unsafe site.handle(
      "H5Acreate", H5Acreate2(holder.id, name, type, space.id, normal, normal), close: H5Aclose, advice: writeAdvice)
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    try unsafe site.check("H5Awrite", H5Awrite(attribute.id, type, start), advice: writeAdvice)
  }
}

extension Site {
  /// Throws unless a shape (no axes: a scalar) holds this many values.
  func check(_ count: Int, fills shape: [Int]) throws(HDF5Error) {
    var (product, isTooLarge) = (1, false)
    for size in shape where !isTooLarge { (product, isTooLarge) = product.multipliedReportingOverflow(by: size) }
    guard shape.allSatisfy({ $0 >= 0 }), shape.count <= 32, !isTooLarge, product == count else {
      throw refusal(
        "H5Screate_simple", "\(count) values do not fill the shape \(shape)",
        "use at most 32 axes whose product is the count")
    }
  }

  /// A dataspace of this shape.
  func space(_ shape: [Int]) throws(HDF5Error) -> Handle {
    let dimensions = shape.map { hsize_t($0) }
    return try unsafe handle(
      "H5Screate", shape.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(CInt(shape.count), dimensions, nil),
      close: H5Sclose)
  }

  /// The type of strings of this many bytes, the NUL that ends them included.
  func stringType(byteCount: Int) throws(HDF5Error) -> Handle {
    let type = try handle("H5Tcopy", H5Tcopy(crema_h5_c_string()), close: H5Tclose)
    try check("H5Tset_size", H5Tset_size(type.id, byteCount))
    return type
  }
}
