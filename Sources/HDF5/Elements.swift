import CHDF5

/// An open dataset or attribute with its type and its shape; used inside `withLibrary`.
struct Elements: ~Copyable {
  let object: Handle
  let type: Handle
  let site: Site
  let shape: [Int]
  let isAttribute: Bool
  /// The product of the shape: 1 for a scalar.
  let count: Int

  init(dataset: consuming Handle, site: Site) throws(HDF5Error) {
    let type = try site.handle("H5Dget_type", H5Dget_type(dataset.id), close: H5Tclose)
    let space = try site.handle("H5Dget_space", H5Dget_space(dataset.id), close: H5Sclose)
    let extent = try site.extent(of: space)
    (shape, count) = (extent.shape, extent.count)
    object = dataset
    self.type = type
    self.site = site
    isAttribute = false
  }

  init(attribute: consuming Handle, site: Site) throws(HDF5Error) {
    let type = try site.handle("H5Aget_type", H5Aget_type(attribute.id), close: H5Tclose)
    let space = try site.handle("H5Aget_space", H5Aget_space(attribute.id), close: H5Sclose)
    let extent = try site.extent(of: space)
    (shape, count) = (extent.shape, extent.count)
    object = attribute
    self.type = type
    self.site = site
    isAttribute = true
  }

  var elementClass: HDF5ElementClass {
    let number = H5Tget_class(type.id)
    switch number {
    case H5T_FLOAT: return .float
    case H5T_INTEGER: return .integer
    case H5T_STRING: return .string
    default:
      let names = [
        "H5T_INTEGER", "H5T_FLOAT", "H5T_TIME", "H5T_STRING", "H5T_BITFIELD", "H5T_OPAQUE", "H5T_COMPOUND",
        "H5T_REFERENCE", "H5T_ENUM", "H5T_VLEN", "H5T_ARRAY",
      ]
      let index = Int(number.rawValue)
      return .other(names.indices.contains(index) ? names[index] : "H5T_NO_CLASS")
    }
  }

  /// Throws unless the elements are floating-point numbers or integers.
  func checkNumbers() throws(HDF5Error) {
    switch elementClass {
    case .float, .integer: return
    case .string: throw site.refusal("H5Tget_class", "it holds text, numbers are wanted", "name another dataset")
    case .other(let name):
      throw site.refusal("H5Tget_class", "it holds \(name), numbers are wanted", "store it as float or integer")
    }
  }

  /// Throws if the file cannot hold as many elements as its shape says (a damaged shape must not take all memory).
  func checkPlausible(fileBytes: UInt64) throws(HDF5Error) {
    let (bytes, tooMany) = count.multipliedReportingOverflow(by: max(1, H5Tget_size(type.id)))
    let held = isAttribute ? 1 << 16 : Int(clamping: H5Dget_storage_size(object.id))
    let most = Self.factor(of: object, isAttribute: isAttribute).multipliedReportingOverflow(by: max(held, 1))
    guard !tooMany, bytes <= 1 << 26 || most.overflow || bytes <= most.partialValue,
      bytes <= 1 << 26 || held <= Int(clamping: fileBytes)
    else {
      throw site.refusal(
        "H5Dget_storage_size", "its shape \(shape) promises more than the \(held) bytes stored for it",
        "the file is damaged: copy it again or write it anew")
    }
  }

  /// How many bytes one stored byte may stand for: deflate reaches 1032.
  private static func factor(of object: borrowing Handle, isAttribute: Bool) -> Int {
    guard !isAttribute else { return 1 }
    let list = H5Dget_create_plist(object.id)
    guard list >= 0 else { return 1 }
    defer { H5Pclose(list) }
    return H5Pget_layout(list) == H5D_CHUNKED ? 1100 : 1
  }

  /// Reads all elements, converted to the memory type.
  func read(as memoryType: hid_t, into memory: UnsafeMutableRawPointer) throws(HDF5Error) {
    if isAttribute {
      try unsafe site.check("H5Aread", H5Aread(object.id, memoryType, memory))
    } else {
      let all = hid_t(H5S_ALL)
      try unsafe site.check("H5Dread", H5Dread(object.id, memoryType, all, all, hid_t(H5P_DEFAULT), memory))
    }
  }

  /// All elements, converted to numbers of one type.
  func numbers<Number: BitwiseCopyable & AdditiveArithmetic>(
    _: Number.Type, as memoryType: hid_t, fileBytes: UInt64
  ) throws(HDF5Error) -> [Number] {
    try checkNumbers()
    try checkPlausible(fileBytes: fileBytes)
    var values = [Number](repeating: .zero, count: count)
    guard count > 0 else { return values }
    let result = unsafe values.withUnsafeMutableBytes { bytes in
      Result { () throws(HDF5Error) in
        if let memory = bytes.baseAddress { try unsafe read(as: memoryType, into: memory) }
      }
    }
    try result.get()
    return values
  }
}

extension Site {
  /// The dimensions of a dataspace (none for a scalar) and their product (0 for a null dataspace).
  func extent(of space: borrowing Handle) throws(HDF5Error) -> (shape: [Int], count: Int) {
    let rank = H5Sget_simple_extent_ndims(space.id)
    guard rank >= 0 else { throw failure("H5Sget_simple_extent_ndims", Int(rank)) }
    if H5Sget_simple_extent_type(space.id) == H5S_NULL { return ([0], 0) }
    var dimensions = [hsize_t](repeating: 0, count: Int(rank))
    try unsafe check("H5Sget_simple_extent_dims", H5Sget_simple_extent_dims(space.id, &dimensions, nil))
    var count = 1
    for dimension in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: Int(clamping: dimension))
      guard !overflow else {
        throw refusal(
          "H5Sget_simple_extent_dims", "its shape \(dimensions) is impossible",
          "the file is damaged: copy it again or write it anew")
      }
      count = product
    }
    return (dimensions.map { Int(clamping: $0) }, count)
  }
}
