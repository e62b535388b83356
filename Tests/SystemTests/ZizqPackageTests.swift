import DevQueue
internal import Foundation
import Testing

/// The library Zizq as another package uses it.
@Suite struct ZizqPackageTests {
    /// What a build needs of this process's environment.
    private static let environment = ProcessInfo.processInfo.environment.filter { ["PATH", "HOME"].contains($0.key) }

    private static let hasSwift = (environment["PATH"] ?? "").split(separator: ":").contains {
        FileManager.default.isExecutableFile(atPath: "\($0)/swift")
    }

    @Test(
        "a package made according to the guide builds and runs, also from a main.swift; the examples of all doc comments compile, as do generated kinds",
        .enabled(if: hasSwift, "there is no 'swift' in PATH to build another package with"))
    func builds() async throws {
        let folder = try TemporaryFolder()
        try folder.write(try manifest(), to: "Package.swift")
        // The versions that are here already: nothing is fetched that the build of these tests has not.
        if let pins = try? ProjectFiles.text("Package.resolved") { try folder.write(pins, to: "Package.resolved") }
        let page = try DocumentBlocks("docs/zizq/README.md").blocks
        let example = try #require(page.first { $0.language == "swift" && $0.text.hasPrefix("import Zizq\n") })
        try folder.write(example.text + "\n", to: "Sources/example/Example.swift")
        let comments = try DocCommentExamples.source()
        #expect(comments.count > 50)
        try folder.write(comments.text, to: "Sources/example/DocCommentExamples.swift")
        // What `sluice kinds` prints, with none of the settings that this package compiles with.
        try folder.write(
            try ProjectFiles.text("Tests/ZizqTests/GeneratedKinds.swift"), to: "Sources/example/GeneratedKinds.swift")

        try folder.write(try mainFile(), to: "Sources/script/main.swift")

        // One compiler at a time, with a lower priority than concurrent tests, some of which measure time.
        let words = "nice -n 19 swift build --skip-update --jobs 1 --disable-index-store -debug-info-format none".split(
            separator: " ")
        let build = try ChildProcess("env", words.map(String.init), environment: Self.environment, folder: folder.path)
        try #require(
            try await build.ending(within: .seconds(600)) == .exited(0), "\(build.output.text)\(build.errors.text)")

        let queue = try await TestQueue.start()
        let run = try ChildProcess(
            folder.file(".build/debug/example"), [queue.url], environment: Self.environment, folder: folder.path)
        #expect(try await run.ending() == .exited(0), "\(run.output.text)\(run.errors.text)")
        let shown = try #require(page.first { $0.language == "text" })
        var (real, masked) = (IdentifierMask(), IdentifierMask())
        #expect(real.mask(run.output.text) == masked.mask(shown.text) + "\n")
        #expect(queue.store.statistics.acceptedJobs == 1)
        #expect(queue.store.jobs.isEmpty, "the job was taken and is done")

        // The sequences of a main.swift belong to the main actor: iterated elsewhere, their closures end the process.
        let script = try ChildProcess(
            folder.file(".build/debug/script"), [queue.url], environment: Self.environment, folder: folder.path)
        #expect(try await script.ending() == .exited(0), "\(script.output.text)\(script.errors.text)")
        #expect(
            script.output.text == "enqueued 2500 jobs\n2500 in 3 chunks, 1000 in the first, 2500 were made\n5 at last\n"
        )
        #expect(queue.store.jobs.count == 6005)
        await queue.stop()
    }

    /// A `main.swift` with the guide's own words, and with every other way to hand a sequence in.
    private func mainFile() throws -> String {
        let page = try DocumentBlocks("docs/zizq/enqueuing.md").blocks
        let kind = try #require(page.first { $0.language == "swift" && $0.text.hasPrefix("struct ImportRow") }).text
        let lazy = try #require(
            page.first { $0.language == "swift" && $0.text.hasPrefix("let rows = (1...2500).lazy.map") }
        ).text
        return """
            import Zizq

            \(kind)

            let client = try ZizqClient(ZizqConfiguration(url: CommandLine.arguments[1]))
            \(lazy)

            final class Counter { var made = 0, sizes: [Int] = [] }
            let counter = Counter()
            let counted = (1...2500).lazy.map { number in
                MainActor.preconditionIsolated()
                counter.made += 1
                return ImportRow(number: number)
            }
            for try await chunk in client.enqueueChunks(of: counted) { counter.sizes.append(chunk.jobs.count) }
            print("\\(counter.sizes.reduce(0, +)) in \\(counter.sizes.count) chunks, \\(counter.sizes[0]) in the first, \\(counter.made) were made")

            @MainActor func sendOneChunk() async throws {
                var iterator = client.enqueueChunks(of: counted).makeAsyncIterator()
                _ = try await iterator.next()
            }
            try await sendOneChunk()

            let numbers = AsyncStream<Int> { source in
                for number in 1...5 { source.yield(number) }
                source.finish()
            }
            let last = try await client.enqueueChunks(of: numbers.map { ImportRow(number: $0) }).run()
            print("\\(last) at last")
            await client.shutdown()

            """
    }

    /// The Package.swift of the guide, with where this package really is.
    private func manifest() throws -> String {
        let page = try DocumentBlocks("docs/zizq/installation.md").blocks
        let manifest = try #require(
            page.first { $0.language == "swift" && $0.text.hasPrefix("// swift-tools-version") }
        ).text
        let place = #"path: "../sluice""#
        try #require(manifest.contains(place))
        let target = #".executableTarget(name: "example", dependencies: [.product(name: "Zizq", package: "sluice")])"#
        try #require(manifest.contains(target))
        return manifest.replacing(place, with: #"path: "\#(ProjectFiles.root.path)""#)
            .replacing(target, with: target + ",\n        " + target.replacing("example", with: "script")) + "\n"
    }
}
