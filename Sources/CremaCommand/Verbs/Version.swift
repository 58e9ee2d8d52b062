import ArgumentParser

/// The version of Crema.
enum Version {
  static let number = "0.1.0"
  static let text = "crema \(number)"
}

/// Prints the version.
struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version of Crema.")

  func run() { Console.standard.show(Version.text + "\n") }
}
