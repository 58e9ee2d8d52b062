import CHDF5

extension HDF5File {
  /// Runs `body` on an open dataset, alone in the library.
  private func withDataset<R>(
    _ name: String, _ body: (borrowing Elements) throws(HDF5Error) -> sending R
  ) throws(HDF5Error) -> sending R {
    try withLibrary { () throws(HDF5Error) -> sending R in
      let elements = try Elements(dataset: openDataset(name), site: Site(file: path, place: name))
      return try body(elements)
    }
  }

  /// The dimensions of a dataset, outermost first; none for a scalar.
  public func shape(of name: String) throws(HDF5Error) -> [Int] {
    try withDataset(name) { elements throws(HDF5Error) in elements.shape }
  }

  /// What the elements of a dataset are.
  public func elementClass(of name: String) throws(HDF5Error) -> HDF5ElementClass {
    try withDataset(name) { elements throws(HDF5Error) in elements.elementClass }
  }

  /// A dataset of numbers, row-major; doubles are narrowed, integers converted. Throws if it holds no numbers.
  public func floats(at name: String) throws(HDF5Error) -> [Float] {
    try withDataset(name) { elements throws(HDF5Error) in
      try elements.numbers(Float.self, as: crema_h5_float(), fileBytes: byteCount)
    }
  }

  /// A dataset of numbers, row-major, as doubles. Throws if it holds no numbers.
  public func doubles(at name: String) throws(HDF5Error) -> [Double] {
    try withDataset(name) { elements throws(HDF5Error) in
      try elements.numbers(Double.self, as: crema_h5_double(), fileBytes: byteCount)
    }
  }

  /// A dataset of numbers, row-major, as 32-bit integers: fractions are cut off, larger values become the largest.
  public func int32s(at name: String) throws(HDF5Error) -> [Int32] {
    try withDataset(name) { elements throws(HDF5Error) in
      try elements.numbers(Int32.self, as: crema_h5_int32(), fileBytes: byteCount)
    }
  }

  /// A dataset of numbers, row-major, as bytes: values beyond 0...255 become the nearest of these.
  public func bytes(at name: String) throws(HDF5Error) -> [UInt8] {
    try withDataset(name) { elements throws(HDF5Error) in
      try elements.numbers(UInt8.self, as: crema_h5_uint8(), fileBytes: byteCount)
    }
  }

  /// A dataset of strings (of fixed or variable length), row-major. Throws if it holds no strings.
  public func strings(at name: String) throws(HDF5Error) -> [String] {
    try withDataset(name) { elements throws(HDF5Error) in try elements.strings(fileBytes: byteCount) }
  }

  /// A dataset that holds exactly one string.
  public func string(at name: String) throws(HDF5Error) -> String {
    let strings = try strings(at: name)
    guard strings.count == 1, let string = strings.first else {
      throw Site(file: path, place: name).refusal(
        "H5Dread", "it holds \(strings.count) strings, one is wanted", "name another dataset")
    }
    return string
  }

  /// Reads a dataset of numbers, row-major and converted to floats, into memory of exactly its count.
  ///
  /// Throws if it holds no numbers, or another count of them.
  @unsafe public func read(_ name: String, into memory: UnsafeMutableBufferPointer<Float>) throws(HDF5Error) {
    try withDataset(name) { elements throws(HDF5Error) in
      try elements.checkNumbers()
      guard elements.count == memory.count else {
        throw elements.site.refusal(
          "H5Dread", "it holds \(elements.count) values \(elements.shape), \(memory.count) are wanted",
          "use a file that fits")
      }
      guard let start = memory.baseAddress, elements.count > 0 else { return }
      try unsafe elements.read(as: crema_h5_float(), into: start)
    }
  }
}

// Attributes: `object` is a group or a dataset, "/" the file.
extension HDF5File {
  private func withAttribute<R>(
    _ name: String, of object: String, _ body: (borrowing Elements) throws(HDF5Error) -> sending R
  ) throws(HDF5Error) -> sending R {
    try withLibrary { () throws(HDF5Error) -> sending R in
      let holder = try openObject(object)
      let site = Site(file: path, place: object + "@" + name)
      guard try site.attributeExists(name, of: holder) else {
        throw site.refusal("H5Aexists", "there is no such attribute", "check the attributes (h5dump -A)")
      }
      let attribute = try unsafe site.handle(
        "H5Aopen", H5Aopen(holder.id, name, hid_t(H5P_DEFAULT)), close: H5Aclose)
      return try body(Elements(attribute: attribute, site: site))
    }
  }

  /// The names of the attributes of a group or dataset, sorted.
  public func attributeNames(of object: String = "/") throws(HDF5Error) -> [String] {
    try withLibrary { () throws(HDF5Error) in
      let holder = try openObject(object)
      let site = Site(file: path, place: object)
      // Reads every attribute, since HDF5 1.10 crashes when it lists damaged ones.
      _ = try site.attributeExists("\u{1}", of: holder)
      var names: [String] = []
      let count = H5Aget_num_attrs(holder.id)
      guard count >= 0 else { throw site.failure("H5Aget_num_attrs", Int(count)) }
      for index in 0..<hsize_t(count) {
        names.append(
          try unsafe site.text("H5Aget_name_by_idx") { buffer, size in
            unsafe H5Aget_name_by_idx(
              holder.id, ".", H5_INDEX_NAME, H5_ITER_INC, index, buffer, size, hid_t(H5P_DEFAULT))
          })
      }
      return names
    }
  }

  /// What the elements of an attribute are.
  public func elementClass(ofAttribute name: String, of object: String = "/") throws(HDF5Error) -> HDF5ElementClass {
    try withAttribute(name, of: object) { elements throws(HDF5Error) in elements.elementClass }
  }

  /// The strings of an attribute: one for a scalar. Throws if it holds no strings.
  public func strings(ofAttribute name: String, of object: String = "/") throws(HDF5Error) -> [String] {
    try withAttribute(name, of: object) { elements throws(HDF5Error) in try elements.strings(fileBytes: byteCount) }
  }

  /// The numbers of an attribute: one for a scalar. Throws if it holds no numbers.
  public func doubles(ofAttribute name: String, of object: String = "/") throws(HDF5Error) -> [Double] {
    try withAttribute(name, of: object) { elements throws(HDF5Error) in
      try elements.numbers(Double.self, as: crema_h5_double(), fileBytes: byteCount)
    }
  }

  /// The first string of an attribute; nil if there is no such attribute, or none in it.
  public func string(attribute name: String, of object: String = "/") throws(HDF5Error) -> String? {
    guard try hasAttribute(name, of: object) else { return nil }
    return try strings(ofAttribute: name, of: object).first
  }

  /// The first number of an attribute; nil if there is no such attribute, or none in it.
  public func number(attribute name: String, of object: String = "/") throws(HDF5Error) -> Double? {
    guard try hasAttribute(name, of: object) else { return nil }
    return try doubles(ofAttribute: name, of: object).first
  }

  /// Whether a group or dataset has this attribute.
  public func hasAttribute(_ name: String, of object: String = "/") throws(HDF5Error) -> Bool {
    try withLibrary { () throws(HDF5Error) in
      try Site(file: path, place: object).attributeExists(name, of: openObject(object))
    }
  }
}

extension Site {
  /// Whether an object has this attribute; throws if its attributes cannot be read.
  fileprivate func attributeExists(_ name: String, of holder: borrowing Handle) throws(HDF5Error) -> Bool {
    let answer = unsafe H5Aexists(holder.id, name)
    try check("H5Aexists", answer)
    return answer > 0
  }
}
