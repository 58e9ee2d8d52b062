import Crema
import Prototxt
import Synchronization

/// All output of the command: log lines, diagnostics and the live line on stderr, results on stdout.
///
/// One lock orders the lines of all threads. The live line is wiped before anything else is printed, and drawn again below it.
final class Console: Sendable {
  /// The process's own.
  static let standard = Console()

  private struct State {
    var settings = LogSettings { System.environment("GLOG_\($0)") }
    var file: LogFile?
    var hidesConstruction = false
    var live: String?
    var lastDrawn: ContinuousClock.Instant?
    var failure: String?
  }

  private let state = Mutex(State())
  private let hasLiveLine: Bool
  private let hasColours: Bool

  private init() {
    let isDumb = System.environment("TERM") == "dumb"
    hasLiveLine = System.isTerminal(2) && !isDumb
    hasColours = hasLiveLine && System.environment("NO_COLOR") == nil
  }

  /// Applies glog's settings: those given as flags before those of the environment.
  ///
  /// - Parameter program: the name in the log file's name.
  func open(_ flags: [String: String], program: String) {
    let settings = LogSettings { flags[$0] ?? System.environment("GLOG_\($0)") }
    var file: LogFile?
    if let folder = settings.folder, !settings.onlyTerminal {
      do { file = try LogFile(in: folder, program: program) } catch { report(error) }
    }
    state.withLock { [file] in ($0.settings, $0.file) = (settings, file) }
  }

  /// Drops lines of information on stderr until `showEverything`.
  func hideConstruction() { state.withLock { $0.hidesConstruction = true } }

  /// Ends what `hideConstruction` began.
  func showEverything() { state.withLock { $0.hidesConstruction = false } }

  /// A log of the model that writes here.
  var log: Log { Log { self.add($0) } }

  private func add(_ entry: Log.Entry) {
    let thread = System.thread
    state.withLock { state in
      guard entry.severity.rank >= state.settings.fewest else { return }
      let text = GlogLine.text(entry, at: .now, thread: thread)
      state.file?.write(text)
      let isShown =
        entry.severity != .info
        ? state.settings.alsoTerminal || entry.severity == .error
        : state.settings.alsoTerminal && !state.hidesConstruction
      if isShown { print(text, &state) }
    }
  }

  /// Prints an error, a warning or a note, and keeps it in the log file.
  func report(_ diagnostic: Diagnostic) {
    state.withLock { state in
      state.file?.write("\(diagnostic)\n")
      print(Style.text(diagnostic, colours: hasColours), &state)
    }
  }

  /// Prints plain lines to stderr; `text` ends with a line break.
  func tell(_ text: String) {
    state.withLock { state in
      state.file?.write(text)
      print(text, &state)
    }
  }

  /// Prints a result to stdout; `text` ends with a line break.
  func show(_ text: String) {
    state.withLock { state in
      erase(&state)
      if !System.write(text, to: 1), System.lastWriteHadReader { state.failure = System.lastError }
    }
  }

  /// Throws if a result could not be written, unless nobody wants to read it.
  func checkResults() throws(Diagnostic) {
    if let failure = state.withLock({ $0.failure }) {
      throw Diagnostic("cannot write the result to standard output: \(failure)")
    }
  }

  /// Redraws the live line, at most ten times a second; nothing happens if stderr is no terminal.
  func live(_ text: @autoclosure () -> String) {
    guard hasLiveLine else { return }
    state.withLock { state in
      let now = ContinuousClock.now
      if let last = state.lastDrawn, now - last < .milliseconds(100) { return }
      state.lastDrawn = now
      state.live = String(text().prefix(System.terminalWidth(2) - 1))
      draw(state)
    }
  }

  /// Wipes the live line for good.
  func endLive() {
    state.withLock { state in
      erase(&state)
      state.live = nil
    }
  }

  private func print(_ text: String, _ state: inout State) {
    erase(&state)
    System.write(text, to: 2)
    draw(state)
  }

  private func erase(_ state: inout State) {
    if state.live != nil { System.write("\r\u{1B}[K", to: 2) }
  }

  private func draw(_ state: State) {
    if let live = state.live { System.write("\r\u{1B}[K" + live, to: 2) }
  }
}
