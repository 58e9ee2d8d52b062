import CHDF5

extension Elements {
  /// All elements as strings, of fixed or variable length.
  func strings(fileBytes: UInt64) throws(HDF5Error) -> [String] {
    guard elementClass == .string else {
      throw site.refusal("H5Tget_class", "it holds no text, text is wanted", "name another dataset or attribute")
    }
    try checkPlausible(fileBytes: fileBytes)
    guard count > 0 else { return [] }
    let isVariable = H5Tis_variable_str(type.id)
    guard isVariable >= 0 else { throw site.failure("H5Tis_variable_str", Int(isVariable)) }
    return isVariable > 0 ? try variableStrings() : try fixedStrings()
  }

  private func fixedStrings() throws(HDF5Error) -> [String] {
    let size = H5Tget_size(type.id)
    let isPadded = H5Tget_strpad(type.id) == H5T_STR_SPACEPAD
    var bytes = [UInt8](repeating: 0, count: size * count)
    let result = unsafe bytes.withUnsafeMutableBytes { buffer in
      Result { () throws(HDF5Error) in
        if let memory = buffer.baseAddress { try unsafe read(as: type.id, into: memory) }
      }
    }
    try result.get()
    return (0..<count).map { index in
      var text = bytes[(index * size)..<((index + 1) * size)].prefix { $0 != 0 }
      while isPadded, text.last == UInt8(ascii: " ") { text.removeLast() }
      return String(decoding: text, as: UTF8.self)
    }
  }

  private func variableStrings() throws(HDF5Error) -> [String] {
    var pointers = unsafe [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    let result = unsafe pointers.withUnsafeMutableBytes { buffer in
      Result { () throws(HDF5Error) in
        if let memory = buffer.baseAddress { try unsafe read(as: type.id, into: memory) }
      }
    }
    defer { unsafe pointers.forEach { pointer in _ = unsafe H5free_memory(pointer) } }
    try result.get()
    return unsafe pointers.map { pointer in
      guard let pointer = unsafe pointer else { return "" }
      return unsafe String(cString: pointer)
    }
  }
}
