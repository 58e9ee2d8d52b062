import Crema
import Prototxt
import TestSupport
import Testing

/// Files that are another kind of definition than is wanted: one error says so.
@Suite struct DefinitionKindTests {
  private static let net = "name: 'n' layer { name: 'd' type: 'Input' top: 'd' input_param { shape { dim: 1 } } }"
  private static let solver = "# how to train\nnet: 'lenet.prototxt' base_lr: 0.1 max_iter: 3"
  private static let labels = "item { name: 'none' label: 0 display_name: 'background' }"

  private func errors(_ text: String, asSolver: Bool) throws -> [Diagnostic] {
    let scratch = try ScratchFolder(), path = scratch("f.prototxt")
    try write(text.utf8, to: path)
    do throws(DiagnosticList) {
      if asSolver { _ = try SolverDefinition(contentsOf: path) } else { _ = try NetDefinition(contentsOf: path) }
      return []
    } catch { return error.diagnostics }
  }

  @Test(arguments: [
    (solver, false, "this is a solver, and a net is wanted: give the one that it names, 'lenet.prototxt'", 2),
    (net, true, "this is a net, and a solver is wanted: a file that names a net", 1),
    (labels, false, "this is a label map (names of classes), and a net is wanted", 1),
    (labels, true, "this is a label map (names of classes), and a solver is wanted", 1),
  ])
  func othersAreToldApart(_ text: String, _ asSolver: Bool, _ wanted: String, _ line: Int) throws {
    let errors = try errors(text, asSolver: asSolver)
    #expect(errors.count == 1)
    #expect(errors.first?.message.hasPrefix(wanted) == true, "\(errors)")
    #expect(errors.first?.location?.line == line)
  }

  @Test func thoseThatAreWantedAreTaken() throws {
    #expect(try errors(Self.net, asSolver: false).isEmpty && errors(Self.solver, asSolver: true).isEmpty)
    #expect(try errors("name: 'empty'", asSolver: false).isEmpty)
    #expect(try errors("layerr { }", asSolver: false).first?.suggestion == "layer")
  }
}
