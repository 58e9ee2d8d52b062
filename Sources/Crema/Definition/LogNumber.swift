import Foundation

/// `%.{digits}g` of a finite number.
func significant(_ value: Double, digits: Int) -> String {
  String(format: "%.\(digits)g", locale: nil, value)
}
