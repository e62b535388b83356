internal import ArgumentParser
internal import SluiceBase
internal import SluiceGateway
internal import SluiceRoutes

/// `sluice kinds`
struct KindsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kinds",
        abstract: "Prints the declared kinds as types for workers.",
        discussion: """
            Reads the kinds of all route files and nothing else of them: no secret has to be there, and what is wrong with a route does \
            not matter here. What is wrong with a kind, or makes a file unreadable, goes to standard error, with exit status 1 and \
            nothing printed. The same kinds always print the same.

            sluice kinds --language swift > Sources/worker/Kinds.swift
            """)

    @Option(name: .long, help: "The language: swift, typescript, python or rust.") var language: KindLanguage

    @Argument(help: "The folder with the route files.")
    var folder = "routes"

    func run() throws {
        let snapshot = FolderSnapshot.read(folder: folder, secretFiles: [])
        let kinds = DeclaredKinds(snapshot.files, readingProblems: snapshot.problems)
        try refuse(kinds.problems)
        guard kinds.count > 0 else { throw FatalProblem(.wrongInput, "no kind is declared in \(folder)") }
        do throws(KindNameClash) {
            Terminal.write(try kinds.source(in: language))
        } catch {
            try refuse(error.problems)
        }
    }

    private func refuse(_ problems: [RouteProblem]) throws {
        guard !problems.isEmpty else { return }
        for problem in problems { Terminal.complain(PrintableText.escape(problem.description, limit: 1000)) }
        throw FatalProblem(.wrongInput, "\(problems.count) \(problems.count == 1 ? "problem" : "problems") in \(folder)")
    }
}

extension KindLanguage: ExpressibleByArgument {}
