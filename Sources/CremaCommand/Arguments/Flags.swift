/// The flags of all verbs, as the normalizer must know them: which take a value and which are switches.
package enum Flags {
  /// Flags that take a value.
  package static let valued: Set<String> = [
    "solver", "snapshot", "weights", "model", "gpu", "level", "stage", "iterations", "phase", "sigint-effect",
    "sighup-effect", "root", "threads", "engine", "disable-pass", "backend", "resize-width", "resize-height",
    "encode-type", "recording", "forward-tolerance", "backward-tolerance", "input-shape", "repeat", "seconds",
    "peers-folder", "peers-script", "amtennet", "worker", "folder", "seed", "images", "test-images", "kind", "net",
    "data", "classes", "scores", "batch", "limit", "mean-file", "mean-value", "scale", "crop-size", "image", "index",
    "blobs", "filters", "most", "side", "shades", "baseline", "class", "operation", "split", "group", "output", "curve",
    "predictions", "resize", "top", "show", "records", "rankdir",
  ]

  /// Flags that are on or off; all are off unless given.
  package static let switches: Set<String> = [
    "quiet", "permissive", "allow-missing", "json", "markdown", "list", "peers", "gray", "shuffle", "check-size",
    "encoded", "overwrite", "hide-small", "after-resizing", "small", "retrain", "explain",
  ]

  /// Flags of the argument parser itself.
  static let general: Set<String> = [
    "help", "h", "version", "help-hidden", "generate-completion-script", "experimental-dump-help",
  ]

  /// glog's flags, which say the same as its environment variables.
  static let glog: Set<String> = ["log-dir", "minloglevel", "logtostderr", "alsologtostderr"]

  /// glog's other flags with a value, which have no effect here; a warning says so.
  static let unusedGlogValued: Set<String> = [
    "v", "vmodule", "stderrthreshold", "logbuflevel", "logbufsecs", "max-log-size", "log-link", "log-backtrace-at",
    "logemaillevel", "alsologtoemail", "logmailer", "logfile-mode",
  ]

  /// glog's other switches, which have no effect here; a warning says so.
  static let unusedGlogSwitches: Set<String> = [
    "colorlogtostderr", "log-prefix", "log-year-in-prefix", "log-utc-time", "drop-log-memory", "symbolize-stacktrace",
    "stop-logging-if-full-disk", "timestamp-in-logfile-name",
  ]

  /// Caffe's flags: its tool takes all of them with every verb, and each verb reads its own.
  static let caffe: Set<String> = [
    "solver", "snapshot", "weights", "model", "gpu", "level", "stage", "iterations", "phase", "sigint-effect",
    "sighup-effect",
  ]

  /// What Caffe's verbs read of Caffe's flags.
  static let readByVerb: [String: Set<String>] = [
    "train": ["solver", "snapshot", "weights", "gpu", "level", "stage", "sigint-effect", "sighup-effect"],
    "test": ["model", "weights", "gpu", "level", "stage", "iterations"],
    "time": ["model", "gpu", "level", "stage", "iterations", "phase"],
    "device_query": ["gpu"],
  ]

  static let all = valued.union(switches).union(general).union(glog)
}
