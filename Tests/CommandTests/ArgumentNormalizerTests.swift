import CremaCommand
import Testing

@Suite struct ArgumentNormalizerTests {
  static let verbs = ["train", "test", "time", "summary", "convert-imageset", "device_query"]

  static let spellings: [(line: [String], arguments: [String])] = [
    (["train", "-solver", "x"], ["train", "--solver=x"]),
    (["train", "-solver=x"], ["train", "--solver=x"]),
    (["train", "--solver", "x"], ["train", "--solver=x"]),
    (["train", "--solver=x"], ["train", "--solver=x"]),
    (["--solver=x", "train"], ["train", "--solver=x"]),
    (["-solver", "x", "train", "-gpu=0,1"], ["train", "--solver=x", "--gpu=0,1"]),
    (["train", "-solver", "a folder/x y.prototxt"], ["train", "--solver=a folder/x y.prototxt"]),
    (["train", "--solver=a=b"], ["train", "--solver=a=b"]),
    (["train", "--sigint_effect=none"], ["train", "--sigint-effect=none"]),
    (["train", "--sighup-effect", "stop"], ["train", "--sighup-effect=stop"]),
    (["train", "-level", "-1"], ["train", "--level=-1"]),
    (["train", "-weights", "", "-solver", "x"], ["train", "--solver=x"]),
    (["train", "--quiet"], ["train", "--quiet"]),
    (["train", "-quiet=true"], ["train", "--quiet"]),
    (["train", "-quiet=1", "--noquiet"], ["train"]),
    (["train", "--no-quiet", "--quiet=yes"], ["train", "--quiet"]),
    (["-noquiet", "train"], ["train"]),
    (
      ["convert_imageset", "-resize_width", "32", "-gray", "-shuffle=0", "--check_size=t", "root/", "list", "db"],
      ["convert-imageset", "--resize-width=32", "--check-size", "--gray", "root/", "list", "db"]
    ),
    (
      ["-v=1", "train", "--stderrthreshold", "2", "-nolog_prefix", "-colorlogtostderr", "-solver", "x"],
      ["train", "--solver=x"]
    ),
    (["device_query", "-gpu", "all"], ["device_query", "--gpu=all"]),
    (["device-query"], ["device_query"]),
    (["summary", "--", "-odd"], ["summary", "--", "-odd"]),
    (["summary", "-"], ["summary", "--", "-"]),
    (["help", "convert_imageset"], ["help", "convert-imageset"]),
    (["-h"], ["--help"]),
    (["train", "-help"], ["train", "--help"]),
  ]

  @Test(arguments: spellings.indices)
  func readsAllSpellings(_ index: Int) throws {
    let (line, arguments) = Self.spellings[index]
    #expect(try ArgumentNormalizer(line, verbs: Self.verbs).arguments == arguments)
  }

  @Test func namesFlagsOfGlogWithoutEffect() throws {
    let line = try ArgumentNormalizer(
      ["time", "-v", "1", "--log_prefix=0", "-nocolorlogtostderr", "-solver", "x"], verbs: Self.verbs)
    #expect(line.unused == ["--v", "--log-prefix", "--nocolorlogtostderr", "--solver"])
  }

  static let mistakes: [(line: [String], message: String, suggestion: String?)] = [
    (["trian"], "Unknown action: trian", "train"),
    (["learn"], "Unknown action: learn", nil),
    (["train", "-solvr", "x"], "unknown flag '-solvr'", "--solver"),
    (["train", "--nosolver"], "unknown flag '--nosolver'", "--solver"),
    (["train", "-solver"], "flag '-solver' needs a value; write -solver VALUE or -solver=VALUE", nil),
    (["convert-imageset", "-gray=maybe"], "'-gray=maybe': a switch is true or false, not 'maybe'", nil),
    ([], "give a verb", nil),
    (["-solver", "train"], "give a verb", nil),
  ]

  @Test(arguments: mistakes.indices)
  func namesMistakes(_ index: Int) throws {
    let (line, message, suggestion) = Self.mistakes[index]
    let error = #expect(throws: UsageError.self) { try ArgumentNormalizer(line, verbs: Self.verbs) }
    #expect(error?.message == message)
    #expect(error?.suggestion == suggestion)
  }

  @Test func takesFlagsOfCaffeThatTheVerbDoesNotRead() throws {
    let line = try ArgumentNormalizer(["train", "-solver=x", "-model=y", "-iterations", "3"], verbs: Self.verbs)
    #expect(line.arguments == ["train", "--solver=x"])
    #expect(line.unused == ["--model", "--iterations"])
  }

  @Test func separatesTheFlagsOfTheLog() throws {
    let line = try ArgumentNormalizer(
      ["-log_dir", "logs", "train", "--minloglevel=1", "-logtostderr", "--noalsologtostderr"], verbs: Self.verbs)
    #expect(line.arguments == ["train"])
    #expect(line.glog == ["log_dir": "logs", "minloglevel": "1", "logtostderr": "1", "alsologtostderr": "0"])
  }
}
