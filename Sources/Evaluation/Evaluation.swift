/// What a model said of each image of a test set, and what follows from it.
public struct Evaluation: Sendable {
  /// One image.
  public struct Prediction: Sendable {
    /// The record's key in the database.
    public let key: String
    /// The true class.
    public let label: Int
    /// The class with the highest score; the first of several.
    public let predicted: Int
    /// The score of each class.
    public let scores: [Float]

    /// A prediction from scores, at least one and all of them numbers.
    public init(key: String, label: Int, scores: [Float]) {
      (self.key, self.label, self.scores) = (key, label, scores)
      var best = 0
      for index in scores.indices where scores[index] > scores[best] { best = index }
      predicted = best
    }
  }

  /// The names of the classes, in the order of their labels.
  public let classes: [String]
  /// All images in the order of the database.
  public let predictions: [Prediction]
  /// The counts of right and wrong ones.
  public let matrix: ConfusionMatrix

  /// Counts predictions, whose labels must be below the number of classes.
  public init(classes: [String], predictions: [Prediction]) {
    (self.classes, self.predictions) = (classes, predictions)
    var matrix = ConfusionMatrix(classes: classes.count)
    for prediction in predictions { matrix.add(label: prediction.label, predicted: prediction.predicted) }
    self.matrix = matrix
  }

  /// The curve of a class against all others by the score of the class; nil if one side has no images.
  public func curve(of label: Int) -> ReceiverCurve? {
    ReceiverCurve(predictions.map { (Double($0.scores[label]), $0.label == label) })
  }

  /// What is written to files: everything but the single predictions.
  public func result(model: String, data: String) -> EvaluationResult {
    EvaluationResult(
      model: model, data: data, matrix: matrix,
      classes: classes.enumerated().map { label, name in
        let curve = curve(of: label)
        return EvaluationResult.ClassResult(
          name: name, images: matrix.total(of: label), precision: matrix.precision(of: label),
          recall: matrix.recall(of: label), area: curve?.area, curve: curve?.thinned(to: 201))
      })
  }
}

/// The result of a model on a test set, as it is kept in a JSON file.
public struct EvaluationResult: Codable, Sendable {
  /// One class of it.
  public struct ClassResult: Codable, Sendable {
    /// The name.
    public let name: String
    /// The number of images of this true class.
    public let images: Int
    /// Shares from 0 to 1; nil where there are no images to divide by.
    public let precision: Double?, recall: Double?
    /// The area below the class's curve against all others.
    public let area: Double?
    /// At most 201 points of the curve.
    public let curve: [ReceiverCurve.Point]?
  }

  /// The weights' file, or the name it was given.
  public let model: String
  /// The database, or the name it was given.
  public let data: String
  /// The number of images and of wrong ones.
  public let images: Int, errors: Int
  /// Shares from 0 to 1; nil without images.
  public let accuracy: Double?, meanRecall: Double?
  /// The mean of the classes' areas; nil unless each has one.
  public let area: Double?
  /// By class.
  public let classes: [ClassResult]
  /// Numbers of images: rows are true classes.
  public let matrix: ConfusionMatrix

  init(model: String, data: String, matrix: ConfusionMatrix, classes: [ClassResult]) {
    (self.model, self.data, self.matrix, self.classes) = (model, data, matrix, classes)
    (images, errors) = (matrix.total, matrix.errors)
    (accuracy, meanRecall) = (matrix.accuracy, matrix.meanRecall)
    let areas = classes.compactMap(\.area)
    area = areas.count == classes.count && !areas.isEmpty ? areas.reduce(0, +) / Double(areas.count) : nil
  }
}
