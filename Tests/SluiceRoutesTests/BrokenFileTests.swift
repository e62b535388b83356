import SluiceBase
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// Files that went through something bad: whatever comes of them, it is a table or problems with places, and no crash.
@Suite(.serialized) struct BrokenFileTests {
    @Test("a shipped file with random damage compiles or has errors at existing lines", arguments: 0..<8)
    func damage(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let files = try RouteFiles.read(folder: ShippedRoutesTests.folder)
        for _ in 0..<60 {
            let file = try #require(files.randomElement(using: &random))
            let bytes = Self.damaged(file.bytes, &random)
            let compilation = RouteTable.compile(
                [RouteFile(name: "r.yaml", bytes: bytes)], secretFiles: SecretFiles(folder: "."),
                environment: ["GITHUB_WEBHOOK_SECRET": "a secret of tests", "HMAC_WEBHOOK_SECRET": "a secret of tests"])
            #expect((compilation.table == nil) == !compilation.problems.isEmpty)
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).count
            #expect(
                (compilation.problems + compilation.warnings).allSatisfy {
                    (1...(lines + 1)).contains($0.line) && $0.column >= 1
                })
        }
    }

    private static func damaged(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let position = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, position + Int.random(in: 0..<40, using: &random))
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.replaceSubrange(position..<end, with: [])
            case 1: bytes.insert(contentsOf: bytes[position..<end], at: Int.random(in: 0...bytes.count, using: &random))
            case 2: bytes[position] = UInt8.random(in: 0...255, using: &random)
            default:
                let pieces = [
                    "{", "}", "[", "]", ": ", "- ", "\"", "'", "${", "*a", "&a ", "!t ", "#", "\t", "|\n", "? ", "<<: ",
                    "\\", "][",
                ]
                bytes.insert(contentsOf: (pieces.randomElement(using: &random) ?? "").utf8, at: position)
            }
        }
        return bytes
    }
}
