import ArgumentParser
import Crema

extension Phase: ExpressibleByArgument {
  /// Reads TRAIN or TEST.
  public init?(argument: String) { self.init(rawValue: argument) }

  /// What is read.
  public static var allValueStrings: [String] { ["TRAIN", "TEST"] }
}
