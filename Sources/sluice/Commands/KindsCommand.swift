internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceRouteFiles
internal import SluiceRouteTools
internal import SluiceRoutes

/// `sluice kinds`
struct KindsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kinds",
        abstract: "Prints the declared kinds as types for workers.",
        discussion: """
            Reads only the kinds in the route files: secrets do not have to exist, and errors in routes are ignored. \
            Errors in kinds, and files that cannot be read, are printed on standard error with exit status 1, and \
            nothing is printed on standard output. The same kinds always print the same text.

            sluice kinds --language swift > Sources/worker/Kinds.swift

            For other languages, generate types from the JSON Schema with quicktype, typify (Rust) or \
            datamodel-code-generator (Python).
            """)

    @Option(name: .long, help: "The language: swift, typescript or json-schema.") var language: KindLanguage

    @Argument(help: "The folder with the route files.")
    var folder = "routes"

    func run() throws {
        let snapshot = FolderSnapshot.read(folder: folder, secretFiles: [])
        let kinds = DeclaredKinds(snapshot.files, readingProblems: snapshot.problems)
        try refuse(kinds.problems)
        guard kinds.count > 0 else { throw StartupError(.wrongInput, "no kinds in \(folder)") }
        do throws(KindNameError) {
            Terminal.write(try kinds.source(in: language))
        } catch {
            try refuse(error.problems)
        }
    }

    private func refuse(_ problems: [Diagnostic]) throws {
        guard !problems.isEmpty else { return }
        for problem in problems { Terminal.complain(PrintableText.escape(problem.description, limit: 1000)) }
        throw StartupError(
            .wrongInput, "\(problems.count) \(problems.count == 1 ? "problem" : "problems") in \(folder)")
    }
}

extension KindLanguage: ExpressibleByArgument {}
