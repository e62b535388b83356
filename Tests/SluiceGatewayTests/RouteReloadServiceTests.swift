internal import Foundation
import Logging
import SluiceBase
import SluiceRouteFiles
import SluiceRoutes
import Synchronization
import Testing

@testable import SluiceGateway

@Suite struct RouteReloadServiceTests {
    @Test("of concurrent reloads the last published one is active, and versions ascend")
    func order() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let write = { @Sendable (number: Int) throws in
            let text = "routes: [ { path: /\(number), verify: none, jobs: [ { type: t } ] } ]\n"
            try Data(text.utf8).write(to: folder.appendingPathComponent("r.yaml"), options: .atomic)
        }
        try write(0)
        let loader = RouteLoader(
            folder: folder.path, options: RouteOptions(), environment: [:], time: SystemTime())
        let published = Mutex<[Int]>([])
        let publication = RouteReloadService.Publication(
            publish: { table in published.withLock { $0.append(table.version) } }, settle: {})
        let service = try RouteReloadService(
            loader, certificate: nil, metrics: MetricsRegistry(time: SystemTime()), publication: publication,
            time: SystemTime(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for turn in 0..<25 {
                        try? write(task * 100 + turn)
                        _ = await service.reload()
                    }
                }
            }
        }
        let versions = published.withLock { $0 }
        #expect(versions.count > 10)
        #expect(versions == versions.sorted() && Set(versions).count == versions.count)
        #expect(versions.last == service.status.version)
        #expect(versions.last == service.activeRoutes.version)
        // What the files say last is what is served.
        let last = try String(contentsOf: folder.appendingPathComponent("r.yaml"), encoding: .utf8)
        #expect(last.contains(try #require(service.activeRoutes.table.routes.first?.path) + ","))
    }

    @Test("all that ask while one reload runs are answered by the next one")
    func storm() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let text = "routes: [ { path: /a, verify: none, jobs: [ { type: t } ] } ]\n"
        try Data(text.utf8).write(to: folder.appendingPathComponent("r.yaml"))
        let made = Mutex<RouteReloadService?>(nil)
        // Called while the second version is loaded.
        let publication = RouteReloadService.Publication(
            publish: { routes in
                guard routes.version == 2, let service = made.withLock({ $0 }) else { return }
                for _ in 0..<1000 { service.ask() }
            }, settle: {})
        let service = try RouteReloadService(
            RouteLoader(folder: folder.path, options: RouteOptions(), environment: [:], time: SystemTime()),
            certificate: nil, metrics: MetricsRegistry(time: SystemTime()), publication: publication,
            time: SystemTime(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        made.withLock { $0 = service }
        defer { made.withLock { $0 = nil } }
        #expect(await service.reload().version >= 2)
        let last = await service.reload().version
        #expect(last == 3 || last == 4, "one for the thousand, and one more where the last was asked for after it")
        #expect(service.status.version == last)
    }

    /// Keeps the messages that are logged.
    private struct Capture: LogHandler {
        let messages: Messages
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { messages.append(event.message.description) }
    }

    @Test("a reload logs the warnings that are new, also after a failed one")
    func warnings() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let write = { (kinds: String) throws in
            let text = "routes: [ { path: /a, verify: none, jobs: [ { type: t } ] } ]\nkinds: { \(kinds) }\n"
            try Data(text.utf8).write(to: folder.appendingPathComponent("r.yaml"), options: .atomic)
        }
        let logged = Messages()
        try write("a: {}")
        let service = try RouteReloadService(
            RouteLoader(folder: folder.path, options: RouteOptions(), environment: [:], time: SystemTime()),
            certificate: nil, metrics: MetricsRegistry(time: SystemTime()),
            publication: .init(publish: { _ in }, settle: {}), time: SystemTime(),
            logger: Logger(label: "test") { _ in Capture(messages: logged) })
        #expect(logged.take().map { $0.hasSuffix("no rule makes jobs of kind 'a'") } == [true])
        _ = await service.reload()
        #expect(logged.take() == [])
        try write("a: {}, b: {}")
        _ = await service.reload()
        #expect(logged.take().map { $0.hasSuffix("no rule makes jobs of kind 'b'") } == [true])
        try write("a: {}, b: {}, c: 5")
        _ = await service.reload()
        #expect(logged.take().contains { $0.hasPrefix("cannot load the route files: ") })
        try write("a: {}, b: {}")
        _ = await service.reload()
        #expect(logged.take() == [])
        try write("b: {}")
        _ = await service.reload()
        try write("a: {}, b: {}")
        _ = logged.take()
        _ = await service.reload()
        #expect(logged.take().count { $0.contains("of kind 'a'") } == 1)
    }
}

/// Messages that several threads may add to.
private final class Messages: Sendable {
    private let messages = Mutex<[String]>([])

    func append(_ message: String) { messages.withLock { $0.append(message) } }

    /// Those that have come since the last time.
    func take() -> [String] {
        messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}
