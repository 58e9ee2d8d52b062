import Crema
import Prototxt

/// Looks through the databases that nets read: whether all images have one size, and all labels a class.
final class DatabaseCheck {
  private let report: CheckReport
  private let environment: InputEnvironment
  private let most: Int?
  private var known: [String: DatabaseSurvey?] = [:]

  /// - Parameter most: so many records of each database; nil for all.
  init(_ report: CheckReport, _ environment: InputEnvironment, most: Int?) {
    (self.report, self.environment, self.most) = (report, environment, most)
  }

  /// The database of a Data layer; nil if the layer is another one or the database cannot be read, which is then reported.
  func survey(_ node: Graph.Node) -> DatabaseSurvey? {
    guard node.type == "Data" else { return nil }
    let parameters = node.definition.message("data_param"), source = parameters.string("source")
    if let survey = known[source] { return survey }
    let survey = report.part { () throws -> DatabaseSurvey in
      let path = try environment.resolve(source, "database", at: parameters.location(of: "source"))
      let line = CountLine("records", of: most, for: source)
      return try DatabaseSurvey(of: path, most: most) { count in
        if count % 256 == 0 { Console.standard.live(line.text(count)) }
      }
    }
    known[source] = survey
    if let survey { describe(survey, source) }
    return survey
  }

  private func describe(_ survey: DatabaseSurvey, _ source: String) {
    let labels = survey.labels.keys.sorted(), counts = survey.labels.values.map(\.count)
    var text = "\((survey.total ?? survey.records).grouped) records"
    if let total = survey.total, survey.records < total {
      text += ", of which \(survey.records.grouped) were looked at"
    }
    if let size = survey.sizes.keys.min(), survey.sizes.count == 1 { text += "; images of \(size)" }
    if let first = labels.first, let last = labels.last, let least = counts.min(), let most = counts.max() {
      let range = least == most ? most.grouped : "\(least.grouped) to \(most.grouped)"
      text +=
        first == last
        ? "; all labels are \(first)"
        : "; \(labels.count.grouped) labels, \(first) to \(last), \(range) records each"
    }
    report.passed("database '\(source)'", text)
    if let damaged = survey.damaged {
      report.add(
        Diagnostic(
          "database '\(source)': \(damaged.count) of its images are damaged and used all the same; the first: \(damaged.first)",
          severity: .warning))
    }
  }

  /// Whether a layer can make batches of the images.
  func checkSizes(_ survey: DatabaseSurvey, of node: Graph.Node) {
    let crop = node.definition.message("transform_param").int("crop_size"),
      parameters = node.definition.message("data_param")
    let (batch, source) = (parameters.int("batch_size"), parameters.string("source"))
    guard survey.sizes.count > 1, crop == 0, batch > 1 else { return }
    let shown = survey.sizes.sorted { $0.value.count > $1.value.count }.prefix(3)
    let sizes = shown.map { "\($0.key) (\($0.value.count.grouped), first '\($0.value.key)')" }.joined(separator: ", ")
    report.add(
      Graph.error(
        in: node.definition,
        "the images of '\(source)' have \(survey.sizes.count) sizes: \(sizes); build it with one size, say crop_size, or batch_size: 1"
      ))
  }

  /// Compares labels with the scores that a loss or an accuracy compares them with.
  func checkLabels(_ survey: DatabaseSurvey, of node: Graph.Node, with reader: Graph.Node, _ lint: GraphLint) {
    guard let (classes, ignored) = lint.classes(of: reader) else { return }
    let source = node.definition.message("data_param").string("source")
    let wrong = survey.labels.filter { ($0.key < 0 || $0.key >= classes) && Int($0.key) != ignored }
    if let worst = wrong.min(by: { $0.key < $1.key }) {
      let count = wrong.values.reduce(0) { $0 + $1.count }
      report.add(
        Graph.error(
          in: reader.definition,
          "it tells \(classes) classes apart (0 to \(classes - 1)), but \(count.grouped) records of '\(source)' have other labels, "
            + "such as \(worst.key) in '\(worst.value.key)'; give the layer before it as many outputs as there are classes, or "
            + "build the database with labels from 0 on"))
    }
    let missing = (0..<classes).filter { survey.labels[Int32($0)] == nil }
    guard survey.total == nil || survey.records == survey.total, !missing.isEmpty, wrong.isEmpty else { return }
    let shown = missing.prefix(5).map(String.init).joined(separator: ", ") + (missing.count > 5 ? ", ..." : "")
    report.add(
      Graph.warning(
        in: reader.definition,
        "it tells \(classes) classes apart, but '\(source)' has no record of \(missing.count) of them: \(shown)"))
  }
}
