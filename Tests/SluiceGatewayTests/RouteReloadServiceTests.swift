internal import Foundation
import Logging
import SluiceBase
import SluiceRoutes
import Synchronization
import Testing

@testable import SluiceGateway

@Suite struct RouteReloadServiceTests {
    @Test("of reloads at the same time the last one published is the one that is in force, and versions ascend")
    func order() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let write = { @Sendable (number: Int) throws in
            let text = "routes: [ { path: /\(number), verify: none, jobs: [ { type: t } ] } ]\n"
            try Data(text.utf8).write(to: folder.appendingPathComponent("r.yaml"), options: .atomic)
        }
        try write(0)
        let watched = RouteReloadService.Configuration(folder: folder.path, options: RouteOptions(), environment: [:])
        let service = RouteReloadService(
            watched, certificate: nil, metrics: MetricsRegistry(time: SystemTime()), time: SystemTime(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        _ = try service.start()
        let published = Mutex<[Int]>([])
        service.publishes(to: .init(publish: { table in published.withLock { $0.append(table.version) } }, settle: {}))
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for turn in 0..<25 {
                        try? write(task * 100 + turn)
                        service.reloadNow()
                    }
                }
            }
        }
        let versions = published.withLock { $0 }
        #expect(versions.count > 10)
        #expect(versions == versions.sorted() && Set(versions).count == versions.count)
        #expect(versions.last == service.status.version)
        #expect(versions.last == service.tableInForce?.version)
        // What the files say last is what is served.
        let last = try String(contentsOf: folder.appendingPathComponent("r.yaml"), encoding: .utf8)
        #expect(last.contains(try #require(service.tableInForce?.table.routes.first?.path) + ","))
    }
}
