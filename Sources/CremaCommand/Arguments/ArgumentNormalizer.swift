import Prototxt

/// Turns Caffe's ways of writing a command line into the one form that the argument parser reads.
///
/// Caffe reads flags as gflags does: `-solver x`, `-solver=x`, `--solver x`, `--solver=x`, and for switches `-x`, `--nox`,
/// `-x=true`; before or after the verb; with dashes or underscores in their names. The last of repeated flags counts.
package struct ArgumentNormalizer {
  /// The verb, then `--name=value` and `--switch` for all flags, then the other words.
  package private(set) var arguments: [String] = []
  /// glog's flags by their names with underscores, such as `log_dir`.
  package private(set) var glog: [String: String] = [:]
  /// Caffe's flags that the verb does not read, as Caffe allows, and glog's flags that have no effect.
  package private(set) var unused: [String] = []

  private var flags: [String] = []
  private var switches: [(name: String, isOn: Bool)] = []
  private var words: [String] = []
  private var isHelpWanted = false

  /// Reads the words after the program's name.
  ///
  /// - Parameter verbs: the names of the verbs, with dashes.
  /// - Throws: an unknown verb or flag, a flag without its value, a switch with a value that is neither true nor false.
  package init(_ line: [String], verbs: [String]) throws(UsageError) {
    var rest = line[...]
    while let word = rest.popFirst() {
      if word == "--" {
        words += rest
        break
      }
      if word.hasPrefix("-"), word.count > 1 { try read(word, &rest) } else { words.append(word) }
    }
    try arrange(verbs)
  }

  private mutating func read(_ word: String, _ rest: inout ArraySlice<String>) throws(UsageError) {
    let bare = word.drop { $0 == "-" }
    let parts = bare.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = (parts.first ?? "").replacing("_", with: "-")
    let value = parts.count > 1 ? parts[1] : nil
    if Flags.general.contains(name) {
      isHelpWanted = true
      flags.append(name == "h" ? "--help" : value.map { "--\(name)=\($0)" } ?? "--\(name)")
    } else if Flags.switches.contains(name) {
      switches.append((name, try Self.truth(value, of: word)))
    } else if Flags.valued.contains(name) || ["log-dir", "minloglevel"].contains(name) {
      guard let value = value ?? rest.popFirst() else {
        throw UsageError("flag '\(word)' needs a value; write \(word) VALUE or \(word)=VALUE")
      }
      add(name, value)
    } else if Flags.glog.contains(name) {
      add(name, try Self.truth(value, of: word) ? "1" : "0")
    } else if Flags.unusedGlogValued.contains(name) {
      guard value != nil || rest.popFirst() != nil else {
        throw UsageError("flag '\(word)' needs a value; write \(word) VALUE or \(word)=VALUE")
      }
      unused.append("--\(name)")
    } else if Flags.unusedGlogSwitches.contains(name.hasPrefix("no") ? String(name.dropFirst(2)) : name) {
      unused.append("--\(name)")
    } else if let negated = Self.negated(name), value == nil {
      if Flags.glog.contains(negated) { add(negated, "0") } else { switches.append((negated, false)) }
    } else {
      throw UsageError(
        "unknown flag '\(word)'", suggestion: name.nearest(in: Flags.all.sorted()).map { "--\($0)" },
        details: "Run 'crema help VERB' to see the flags of a verb.\n")
    }
  }

  /// gflags takes an empty text for a flag that is not given.
  private mutating func add(_ name: String, _ value: String) {
    if Flags.glog.contains(name) {
      glog[name.replacing("-", with: "_")] = value
    } else {
      flags.removeAll { value.isEmpty && $0.hasPrefix("--\(name)=") }
      if !value.isEmpty { flags.append("--\(name)=\(value)") }
    }
  }

  /// The switch that `nox` or `no-x` turns off.
  private static func negated(_ name: String) -> String? {
    guard name.hasPrefix("no") else { return nil }
    let rest = String(name.dropFirst(2).drop { $0 == "-" })
    return Flags.switches.contains(rest) || ["logtostderr", "alsologtostderr"].contains(rest) ? rest : nil
  }

  private static func truth(_ text: String?, of word: String) throws(UsageError) -> Bool {
    switch text?.lowercased() {
    case nil, "true", "t", "yes", "y", "1": return true
    case "false", "f", "no", "n", "0": return false
    case .some(let value): throw UsageError("'\(word)': a switch is true or false, not '\(value)'")
    }
  }

  /// Puts the verb first.
  private mutating func arrange(_ verbs: [String]) throws(UsageError) {
    guard let word = words.first else {
      guard isHelpWanted else { throw UsageError("give a verb", details: Self.list(verbs)) }
      arguments = flags
      return
    }
    let name = word.replacing("_", with: "-")
    guard let verb = (verbs + ["help"]).first(where: { $0.replacing("_", with: "-") == name }) else {
      throw UsageError(
        "Unknown action: \(word)", suggestion: name.nearest(in: verbs), details: Self.list(verbs))
    }
    words.removeFirst()
    if let read = Flags.readByVerb[verb] {
      let isUnused = { (flag: String) in
        let name = String(flag.dropFirst(2).prefix { $0 != "=" })
        return Flags.caffe.contains(name) && !read.contains(name)
      }
      unused += flags.filter(isUnused).map { String($0.prefix { $0 != "=" }) }
      flags.removeAll(where: isUnused)
    }
    if verb == "help" { words = words.map { $0.replacing("_", with: "-") } }
    let on = Set(switches.map(\.name)).filter { name in switches.last { $0.name == name }?.isOn == true }
    arguments = [verb] + flags + on.sorted().map { "--\($0)" }
    if words.contains(where: { $0.hasPrefix("-") }) { arguments.append("--") }
    arguments += words
  }

  private static func list(_ verbs: [String]) -> String {
    "Available actions:\n" + verbs.map { "  \($0)\n" }.joined() + "Run 'crema help' to see what they do.\n"
  }
}
