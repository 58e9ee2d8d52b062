import Prototxt

/// How a weight gets its first values: a FillerParameter, read and checked.
package struct Filler: Sendable {
}
