import Crema
import Prototxt

/// The fields of an experiment's file, whose form is that of a prototxt.
enum ExperimentSchema {
  /// Experiment: a table.
  static let experiment = MessageType(
    "Experiment",
    shared + [
      field("name", 1, .string), field("classes", 11, .int32),
      field("batch_size", 12, .int32), field("cross_test", 13, .bool), field("reference", 14, .string),
      field("small", 30, .message(MessageType("SmallExperiment", shared))),
    ])

  /// What `small` may replace.
  private static let shared = [
    repeated("network", 10, .message(network)),
    repeated("dataset", 20, .message(dataset)), repeated("seed", 21, .uint32), field("iterations", 22, .int32),
    field("snapshot", 23, .int32), field("settle", 24, .int32), field("solver", 25, .message(CaffeSchema.solver)),
  ]

  private static let network = MessageType(
    "ExperimentNetwork",
    [
      field("name", 1, .string), field("path", 2, .string), field("iterations", 3, .int32),
      field("batch_size", 4, .int32), field("solver", 5, .message(CaffeSchema.solver)),
    ])

  private static let dataset = MessageType(
    "ExperimentDataset",
    [
      field("name", 1, .string), field("train", 2, .string), field("test", 3, .string),
      field("generated", 4, .message(generated)),
    ])

  private static let generated = MessageType(
    "GeneratedImages",
    [
      field("images", 1, .uint32, .uint(3072)), field("test_images", 2, .uint32, .uint(600)),
      field("seed", 3, .uint32, .uint(1)), repeated("operation", 5, .string),
      field(
        "labels", 4,
        .enumeration(EnumType("Labels", GeneratedLabels.allCases.enumerated().map { (name: $1.rawValue, number: $0) }))),
    ])

  private static func field(
    _ name: String, _ number: Int, _ kind: FieldType.Kind, _ value: Message.Value? = nil
  ) -> FieldType {
    FieldType(name, number: number, kind, default: value)
  }

  private static func repeated(_ name: String, _ number: Int, _ kind: FieldType.Kind) -> FieldType {
    FieldType(name, number: number, kind, label: .repeated)
  }
}
