// swift-tools-version: 6.2
import PackageDescription

/// The rules for every target: Swift 6 mode (from the tools version), strict memory safety, and no warnings.
let house: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // `@_lifetime` on the few initialisers that store a `Span` in a `~Escapable` view of a request.
    .enableExperimentalFeature("Lifetimes"),
]

/// Linker flags that make the release binary 3 MB smaller: equal functions once, relocations packed (glibc 2.36), and no
/// table of symbols for libraries that are loaded later, of which there are none.
let small = [
    "-use-ld=lld", "-Xlinker", "--icf=safe", "-Xlinker", "--no-export-dynamic", "-Xlinker", "-z", "-Xlinker",
    "pack-relative-relocs",
]

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let services: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

func module(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], plugins: [Target.PluginUsage] = []
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: house, plugins: plugins)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = [])
    -> Target
{
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: house)
}

let package = Package(
    name: "sluice",
    products: [
        .executable(name: "sluice", targets: ["sluice"]),
        .library(name: "Zizq", targets: ["Zizq"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CSluiceOpenSSL", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSluiceSQLite", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CSluiceYAML", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CSluiceLinux"),

        module("SluiceBase"),
        module("SluiceCrypto", ["SluiceBase", "CSluiceOpenSSL"]),
        module("SluiceJSON", ["SluiceBase"]),
        module("SluiceInflate"),
        module("SluiceYAML", ["SluiceBase", "CSluiceYAML"]),
        module("SluiceNet", ["SluiceBase", "CSluiceOpenSSL", "CSluiceLinux", log]),
        module("SluiceHTTP", ["SluiceBase", "SluiceNet", log]),
        module("Zizq", ["SluiceBase", "SluiceCrypto", "SluiceJSON", "SluiceNet", "SluiceHTTP", log]),
        module("DevQueue", ["SluiceBase", "SluiceJSON", "SluiceNet", "SluiceHTTP", log]),
        module("SluiceOutbox", ["SluiceBase", "SluiceJSON", "CSluiceSQLite", log], exclude: ["DESIGN.md"]),
        module("SluiceRelay", ["SluiceBase", "SluiceJSON", "SluiceOutbox", "Zizq", log]),
        module("SluiceRoutes", ["SluiceBase", "SluiceCrypto", "SluiceInflate", "SluiceJSON"]),
        .plugin(name: "EmbedPresets", capability: .buildTool(), path: "Sources/EmbedPresets"),
        module(
            "SluiceRouteFiles", ["SluiceBase", "SluiceCrypto", "SluiceJSON", "SluiceYAML", "SluiceRoutes"],
            exclude: ["Providers/Presets"], plugins: ["EmbedPresets"]),
        module("SluiceRouteTools", ["SluiceBase", "SluiceJSON", "SluiceYAML", "SluiceRoutes", "SluiceRouteFiles"]),
        module(
            "SluiceGateway",
            [
                "SluiceBase", "SluiceCrypto", "SluiceJSON", "SluiceYAML", "SluiceNet", "SluiceHTTP", "SluiceRoutes",
                "SluiceRouteFiles", "SluiceOutbox", "SluiceRelay", "Zizq", log, services, signals,
            ]),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "SluiceBase", "SluiceCrypto", "SluiceJSON", "SluiceRoutes", "SluiceRouteFiles", "SluiceRouteTools",
                "SluiceOutbox", "SluiceHTTP", "SluiceNet", "SluiceGateway",
                "DevQueue", arguments, log, signals,
            ],
            swiftSettings: house, linkerSettings: [.unsafeFlags(small, .when(configuration: .release))]),

        .target(
            name: "TestSupport",
            dependencies: ["SluiceBase", "SluiceCrypto", "SluiceJSON", "SluiceNet", "CSluiceLinux"],
            path: "Tests/TestSupport", swiftSettings: house),
        tests("SluiceBaseTests", ["SluiceBase"]),
        tests("SluiceCryptoTests", ["SluiceCrypto", "CSluiceOpenSSL"]),
        tests("SluiceJSONTests", ["SluiceJSON", "TestSupport"]),
        tests("SluiceInflateTests", ["SluiceBase", "SluiceInflate", "TestSupport"]),
        tests("SluiceYAMLTests", ["SluiceYAML"]),
        tests("SluiceNetTests", ["SluiceNet", "TestSupport"]),
        tests("SluiceHTTPTests", ["SluiceHTTP", "SluiceNet", "TestSupport"]),
        tests("ZizqTests", ["Zizq", "DevQueue", "SluiceJSON", "TestSupport", log]),
        tests("DevQueueTests", ["DevQueue", "SluiceHTTP", "TestSupport"]),
        tests(
            "SluiceOutboxTests", ["SluiceOutbox", "SluiceRelay", "Zizq", "SluiceInflate", "CSluiceSQLite"],
            exclude: ["Outboxes"]),
        tests("SluiceRelayTests", ["SluiceRelay", "DevQueue"]),
        tests(
            "SluiceRoutesTests",
            [
                "SluiceRoutes", "SluiceRouteFiles", "SluiceRouteTools", "SluiceCrypto", "SluiceJSON", "SluiceYAML",
                "TestSupport",
            ],
            exclude: ["Schema/Good", "Schema/Broken", "Vectors"]),
        tests("SluiceGatewayTests", ["SluiceGateway", "SluiceOutbox", "DevQueue", "TestSupport"]),
        tests(
            "SystemTests",
            [
                "SluiceBase", "SluiceCrypto", "SluiceJSON", "SluiceNet", "SluiceHTTP", "SluiceOutbox", "DevQueue",
                "TestSupport",
                "CSluiceOpenSSL",
            ]),
        tests("TidyTests", ["SluiceBase", "SluiceGateway", "SluiceRouteFiles", "SluiceRouteTools"]),
    ]
)

// The fuzz targets need flags that SwiftPM allows in a root package alone, so they exist only on request: `make fuzz`.
// `make build` compiles them without these flags, so that they follow the code under test.
let fuzzers: [(name: String, dependencies: [Target.Dependency])] = [
    ("JSONScannerFuzz", ["SluiceJSON"]),
    ("RequestParserFuzz", ["SluiceBase", "SluiceHTTP"]),
    ("BodyReaderFuzz", ["SluiceBase", "SluiceInflate", "SluiceJSON", "SluiceRoutes"]),
    ("RouteFileFuzz", ["SluiceBase", "SluiceJSON", "SluiceRoutes", "SluiceRouteFiles", "SluiceYAML"]),
    ("ReferenceFuzz", ["SluiceBase", "SluiceJSON", "SluiceRoutes", "SluiceRouteFiles"]),
    ("SignatureFuzz", ["SluiceBase", "SluiceCrypto", "SluiceRoutes", "SluiceRouteFiles", "TestSupport"]),
    ("VerifierFuzz", ["SluiceBase", "SluiceHTTP", "SluiceRoutes", "SluiceRouteFiles"]),
]
if Context.environment["SLUICE_FUZZ"] != nil {
    package.targets.append(.target(name: "FuzzSupport", path: "Tests/Fuzz/FuzzSupport", swiftSettings: house))
    package.targets += fuzzers.map { fuzzer in
        .executableTarget(
            name: fuzzer.name, dependencies: fuzzer.dependencies + ["FuzzSupport"], path: "Tests/Fuzz/\(fuzzer.name)",
            exclude: ["corpus"], swiftSettings: house + [.unsafeFlags(["-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])])
    }
    // libFuzzer needs the coverage of the code under test.
    for target in package.targets
    where ["SluiceBase", "SluiceInflate", "SluiceJSON", "SluiceHTTP", "SluiceYAML", "SluiceRoutes", "SluiceRouteFiles"]
        .contains(target.name)
    {
        target.swiftSettings?.append(.unsafeFlags(["-sanitize=fuzzer"]))
    }
}

// Benchmarks that run without a gateway; `make bench` and similar targets link them.
if Context.environment["SLUICE_BENCH"] != nil {
    package.targets += fuzzers.map { fuzzer in
        .target(
            name: fuzzer.name, dependencies: fuzzer.dependencies, path: "Tests/Fuzz/\(fuzzer.name)",
            exclude: ["corpus", "Main.swift"], swiftSettings: house)
    }
    package.targets += [
        .executableTarget(
            name: "RoutesBench", dependencies: ["SluiceRoutes", "SluiceRouteFiles", "SluiceBase"],
            path: "Benchmarks/RoutesBench",
            swiftSettings: house + [.unsafeFlags(["-parse-as-library"])]),
        .executableTarget(
            name: "BareLoop", dependencies: ["SluiceOutbox", "CSluiceSQLite"], path: "Benchmarks/BareLoop",
            swiftSettings: house),
        .executableTarget(
            name: "ScaleBench", dependencies: ["SluiceOutbox", "SluiceJSON"], path: "Benchmarks/ScaleBench",
            swiftSettings: house + [.unsafeFlags(["-parse-as-library"])]),
        .executableTarget(
            name: "ClientBench", dependencies: ["Zizq", "SluiceHTTP", "SluiceNet"], path: "Benchmarks/ClientBench",
            swiftSettings: house + [.unsafeFlags(["-parse-as-library"])]),
    ]
}
