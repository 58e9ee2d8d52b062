import Prototxt

/// Crema's own fields, which no Caffe has: fixed banks of filters, and constraints on parameters.
///
/// As those of forks they are read from texts and have no binary form; their numbers only decide the order of printing.
enum CremaSchema {
  /// What is added to Caffe's own messages.
  static let fields: [String: [FieldType]] = ["FillerParameter": filler, "ParamSpec": parameter]

  /// FillerParameter: the bank that a filler of type `filter_bank` takes its filters from.
  static let filler = [
    FieldType(
      "filter_bank", number: 10_001, .enumeration(enumeration("FilterBank", FilterBank.allCases.map(\.rawValue))))
  ]

  /// ParamSpec: what the parameter obeys after every update.
  private static let parameter = [
    FieldType(
      "constraint", number: 10_001,
      .enumeration(enumeration("Constraint", ["NONE"] + Constraint.allCases.map(\.rawValue)))
    )
  ]

  private static func enumeration(_ name: String, _ values: [String]) -> EnumType {
    EnumType(name, values.enumerated().map { (name: $1, number: $0) })
  }
}
