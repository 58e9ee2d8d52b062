import Prototxt

extension Shape {
  /// The axes that a BlobShape gives. Throws for lengths that cannot be.
  init(_ message: Message) throws(Diagnostic) {
    self.init(message.ints("dim"))
    for (index, length) in axes.enumerated() where length < 0 {
      throw message.error("dim", index: index, "dim must be 0 or more, not \(length)")
    }
    guard rank <= Shape.mostAxes else {
      throw message.error(
        "dim", index: Shape.mostAxes, "a blob has at most \(Shape.mostAxes) axes, not \(rank); leave some out")
    }
    guard checkedCount != nil else {
      throw message.error("dim", "a blob of \(self) has more than \(Shape.largestCount) elements; make it smaller")
    }
  }
}
