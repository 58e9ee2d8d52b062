/// A colour without transparency.
public struct Colour: Equatable, Sendable {
  /// Shares from 0 to 1.
  public let red: Double, green: Double, blue: Double

  /// A colour of shares from 0 to 1.
  public init(red: Double, green: Double, blue: Double) { (self.red, self.green, self.blue) = (red, green, blue) }

  /// One of the shades from black (0) to white (1).
  public init(gray: Double) { self.init(red: gray, green: gray, blue: gray) }

  /// The colour at `share` (0 to 1) of the way to another one.
  public func mixed(with other: Colour, _ share: Double) -> Colour {
    Colour(
      red: red + (other.red - red) * share, green: green + (other.green - green) * share,
      blue: blue + (other.blue - blue) * share)
  }

  /// Of text and frames.
  public static let ink = Colour(gray: 0.13)
  /// Of what stands back.
  public static let pale = Colour(gray: 0.55)
  /// Of grids.
  public static let faint = Colour(gray: 0.87)
  /// The background.
  public static let paper = Colour(gray: 1)

  /// Colours that are told apart also by people who do not see all of them (Okabe and Ito's).
  public static let series = [
    Colour(red: 0.00, green: 0.45, blue: 0.70), Colour(red: 0.84, green: 0.37, blue: 0.00),
    Colour(red: 0.00, green: 0.62, blue: 0.45), Colour(red: 0.80, green: 0.47, blue: 0.65),
    Colour(red: 0.90, green: 0.62, blue: 0.00), Colour(red: 0.34, green: 0.71, blue: 0.91),
    Colour(gray: 0.35), Colour(red: 0.94, green: 0.89, blue: 0.26),
  ]
}
