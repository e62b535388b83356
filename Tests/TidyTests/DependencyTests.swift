import Foundation
import Testing

/// The dependencies that a product of this package brings, by SwiftPM's description of
/// Package.swift.
@Suite(.serialized) struct DependencyTests {
    @Test("the library Zizq needs swift-log and OpenSSL, and nothing else from outside")
    func library() throws {
        let package = try PackageDescription.read()
        let closure = try package.closure(ofProduct: "Zizq")
        #expect(closure.packages == ["swift-log"])
        #expect(closure.products == ["Logging"])
        let libraries = closure.targets.filter { package.target($0)?.type == "system" }
        #expect(libraries == ["CSluiceOpenSSL", "CSluiceLinux"])
        #expect(
            closure.targets.subtracting(libraries) == [
                "Zizq", "SluiceHTTP", "SluiceNet", "SluiceJSON", "SluiceCrypto", "SluiceBase",
            ])
    }

    @Test("a closure has what is needed at second hand, by each way of writing it")
    func reading() throws {
        let text = """
            {"products":[{"name":"L","targets":["A"],"type":{"library":["automatic"]}}],"targets":[
            {"name":"A","type":"regular","dependencies":[{"byName":["B",null]},{"target":["C",null]}]},
            {"name":"B","type":"regular","dependencies":[{"product":["P","p-package",null,null]},{"byName":["Q",null]}]},
            {"name":"C","type":"system","dependencies":[]},{"name":"D","type":"system","dependencies":[]}]}
            """
        let closure = try JSONDecoder().decode(PackageDescription.self, from: Data(text.utf8)).closure(ofProduct: "L")
        #expect(closure.targets == ["A", "B", "C"])
        #expect(closure.products == ["P", "Q"])
        #expect(closure.packages == ["p-package", "Q"])
    }
}

/// The part of `swift package dump-package` that says what depends on what.
private struct PackageDescription: Decodable {
    struct Product: Decodable {
        let name: String
        let targets: [String]
    }

    struct Target: Decodable {
        let name: String
        /// `regular`, `system`, `test` and others.
        let type: String
        let dependencies: [Dependency]
    }

    /// One of the forms; behind the names stand conditions.
    struct Dependency: Decodable {
        /// A target of the package, or else a product of a package with the same name.
        let byName: [Name?]?
        let target: [Name?]?
        /// The product's name, and its package's.
        let product: [Name?]?
    }

    /// A text, or something else that is ignored.
    struct Name: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws { text = try? decoder.singleValueContainer().decode(String.self) }
    }

    struct Closure {
        var targets: Set<String> = []
        var products: Set<String> = []
        var packages: Set<String> = []
    }

    let products: [Product]
    let targets: [Target]

    /// Asks the SwiftPM in PATH, which runs these tests; in a build folder of its own, since the usual one may be in
    /// use. Nothing is fetched.
    static func read() throws -> PackageDescription {
        let scratch = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "swift", "package", "--package-path", SourceTree.root.path, "--scratch-path", scratch.path, "dump-package",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try JSONDecoder().decode(PackageDescription.self, from: text)
    }

    func target(_ name: String) -> Target? { targets.first { $0.name == name } }

    /// Everything that a product of this package needs.
    func closure(ofProduct name: String) throws -> Closure {
        var open = try #require(products.first { $0.name == name }).targets
        var closure = Closure()
        while let name = open.popLast() {
            guard closure.targets.insert(name).inserted else { continue }
            for dependency in try #require(target(name)).dependencies {
                if let inside = (dependency.target ?? dependency.byName)?.first??.text {
                    if target(inside) != nil { open.append(inside) } else { closure.add(product: inside, of: inside) }
                }
                if let product = dependency.product, product.count > 1, let name = product[0]?.text {
                    closure.add(product: name, of: product[1]?.text ?? name)
                }
            }
        }
        return closure
    }
}

extension PackageDescription.Closure {
    fileprivate mutating func add(product: String, of package: String) {
        products.insert(product)
        packages.insert(package)
    }
}
