import ArgumentParser
import Crema

extension DatabaseBackend: ExpressibleByArgument {
  /// Reads lmdb or leveldb.
  public init?(argument: String) { self.init(rawValue: argument.lowercased()) }
}
