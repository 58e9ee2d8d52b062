/// The lines that Caffe logs of upgrades, with their places in its source.
enum UpgradeLog {
  /// What is logged of one upgrade.
  struct Lines: Sendable {
    let begin: (line: Int, text: String)
    var problem: (line: Int, text: String)?
    let end: (line: Int, text: String)
    var note: (line: Int, text: String)?
  }

  private static let source = "upgrade_proto.cpp"
  private static let attempt = "Attempting to upgrade input file specified using deprecated "

  static let v0 = Lines(
    begin: (28, "\(attempt)V0LayerParameter"),
    problem: (
      33, "Warning: had one or more problems upgrading V0NetParameter to NetParameter (see above); continuing anyway."
    ),
    end: (36, "Successfully upgraded file specified using deprecated V0LayerParameter"),
    note: (
      39,
      "Note that future Caffe releases will not support V0NetParameter; use ./build/tools/upgrade_net_proto_text for "
        + "prototxt and ./build/tools/upgrade_net_proto_binary for model weights upgrade this and any other net protos "
        + "to the new format."
    ))

  static let transformation = Lines(
    begin: (46, "\(attempt)transformation parameters"),
    end: (49, "Successfully upgraded file specified using deprecated data transformation parameters."),
    note: (51, "Note that future Caffe releases will only support transform_param messages for transformation fields."))

  static let v1 = Lines(
    begin: (55, "\(attempt)V1LayerParameter"),
    end: (63, "Successfully upgraded file specified using deprecated V1LayerParameter"))

  static let inputs = Lines(
    begin: (69, "\(attempt)input fields"),
    end: (72, "Successfully upgraded file specified using deprecated input fields."),
    note: (74, "Note that future Caffe releases will only support input layers and not input fields."))

  static let batchNorm = Lines(
    begin: (79, "Attempting to upgrade batch norm layers using deprecated params"),
    end: (82, "Successfully upgraded batch norm layers using deprecated params."))

  static let solver = Lines(
    begin: (1084, "\(attempt)'solver_type' field (enum)'"),
    end: (
      1091, "Successfully upgraded file specified using deprecated 'solver_type' field (enum) to 'type' field (string)."
    ),
    note: (1093, "Note that future Caffe releases will only support 'type' field (string) for a solver's type."))

  static func begin(_ lines: Lines, _ log: Log, _ file: String) {
    log.info(source, lines.begin.line, "\(lines.begin.text): \(file)")
  }

  static func end(_ lines: Lines, _ log: Log, hasProblems: Bool) {
    if hasProblems, let problem = lines.problem {
      log.add(.error, source, problem.line, problem.text)
    } else {
      log.info(source, lines.end.line, lines.end.text)
    }
    if let note = lines.note { log.add(.warning, source, note.line, note.text) }
  }

  /// Everything that is logged of an upgrade without problems.
  static func all(_ lines: Lines, _ log: Log, _ file: String) {
    begin(lines, log, file)
    end(lines, log, hasProblems: false)
  }
}
