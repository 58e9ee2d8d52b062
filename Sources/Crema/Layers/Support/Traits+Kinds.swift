extension Traits {
  /// A layer whose top may have its bottom's name.
  static var inPlace: Traits {
    var traits = Traits()
    traits.inPlace = true
    return traits
  }

  /// A recurrent layer, whose second bottom says where sequences begin and has no gradient.
  static var recurrent: Traits {
    var traits = Traits()
    traits.unforcedBottoms = [1]
    traits.bottomsWithoutGradient = [1]
    return traits
  }

  /// A loss, whose second bottom are labels without gradient.
  static var lossWithLabels: Traits {
    var traits = Traits()
    traits.isLoss = true
    traits.unforcedBottoms = [1]
    traits.bottomsWithoutGradient = [1]
    return traits
  }
}
