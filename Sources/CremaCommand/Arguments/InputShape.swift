import ArgumentParser
import Crema

/// The shape of what a data layer gives, as `--input-shape` takes it.
enum InputShape {
  /// Reads lengths of axes, each at least 1.
  static func shape(_ text: String) throws -> Shape {
    let axes = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let lengths = axes.compactMap { $0 }
    guard lengths.count == axes.count, lengths.allSatisfy({ $0 > 0 }) else {
      throw ValidationError("it takes lengths of at least 1, such as 64,3,32,32")
    }
    return Shape(lengths)
  }
}
