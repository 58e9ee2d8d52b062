import Glibc
import Prototxt

/// Lets `write` make a file beside `path`, brings it to the disk, and puts it in the place of `path` in one step.
///
/// Whoever reads `path` meanwhile sees the old file or the new one, never a part. A link is followed: the file that it
/// leads to is replaced.
///
/// - Parameter write: gets the path of the temporary file, which does not exist yet.
/// - Throws: what `write` throws, or why the folder cannot be written; `path` is then as before, and nothing stays
///   beside it.
package func replaceFile(
  at path: String, _ write: (_ temporaryPath: String) throws(Diagnostic) -> Void
) throws(Diagnostic) {
  let target = try replaceable(path)
  let temporary = "\(target).\(getpid()).part"
  defer { _ = unsafe unlink(temporary) }
  do {
    try write(temporary)
  } catch {
    throw error
  }
  try synchronize(temporary, for: path)
  guard unsafe rename(temporary, target) == 0 else {
    throw Diagnostic("cannot write '\(path)': \(reason())")
  }
  synchronizeFolder(of: target)
}

/// Throws unless a file can be put at `path`: to be asked before long work whose result goes there.
package func checkReplaceable(_ path: String) throws(Diagnostic) { _ = try replaceable(path) }

/// The system's words for the last error.
package func reason() -> String { unsafe String(cString: strerror(errno)) }

/// The path of the file itself, which must be a file or nothing yet, in a folder that may be written.
private func replaceable(_ path: String) throws(Diagnostic) -> String {
  guard !path.isEmpty else { throw Diagnostic("cannot write a file without a name; give a path") }
  var target = path
  if let real = unsafe realpath(path, nil) {
    target = unsafe String(cString: real)
    unsafe free(real)
  }
  var status = stat()
  if unsafe stat(target, &status) == 0 {
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG else {
      throw Diagnostic(
        "cannot write '\(path)': it is \(kind == S_IFDIR ? "a folder" : "a device"), not a file; give a file's name"
      )
    }
  }
  let folder = folder(of: target)
  guard unsafe stat(folder, &status) == 0 else {
    throw Diagnostic("cannot write '\(path)': the folder '\(folder)' does not exist; make it first (mkdir -p)")
  }
  guard status.st_mode & S_IFMT == S_IFDIR else {
    throw Diagnostic("cannot write '\(path)': '\(folder)' is not a folder")
  }
  guard unsafe access(folder, W_OK | X_OK) == 0 else {
    throw Diagnostic(
      "cannot write '\(path)': the folder '\(folder)' may not be written (\(reason())); choose another one")
  }
  return target
}

private func folder(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

private func synchronize(_ file: String, for path: String) throws(Diagnostic) {
  let handle = unsafe open(file, O_RDONLY | O_CLOEXEC)
  guard handle >= 0 else { throw Diagnostic("cannot write '\(path)': \(reason())") }
  defer { close(handle) }
  guard fsync(handle) == 0 else {
    throw Diagnostic("cannot write '\(path)': \(reason()); free some space on the disk")
  }
}

/// Brings the new name to the disk; not all file systems can.
private func synchronizeFolder(of path: String) {
  let handle = unsafe open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard handle >= 0 else { return }
  _ = fsync(handle)
  close(handle)
}
