/// The environment that this process was started with.
package enum ProcessEnvironment {
    /// Names and values, as the kernel keeps them in `/proc/self/environ`: later `setenv` calls do not show, and nothing has
    /// to be read through the C library's unguarded global.
    ///
    /// - Returns: nothing where `/proc` is not mounted.
    package static func variables() -> [String: String] {
        guard let bytes = try? FileAccess.read("/proc/self/environ", limit: 16 << 20) else { return [:] }
        return parse(bytes)
    }

    /// Entries `NAME=value`, each ended by a zero byte; of two with one name the first counts, as for `getenv`.
    package static func parse(_ bytes: [UInt8]) -> [String: String] {
        var variables: [String: String] = [:]
        for entry in bytes.split(separator: 0) {
            guard let mark = entry.firstIndex(of: UInt8(ascii: "=")), mark > entry.startIndex else { continue }
            let name = String(decoding: entry[..<mark], as: UTF8.self)
            if variables[name] == nil { variables[name] = String(decoding: entry[(mark + 1)...], as: UTF8.self) }
        }
        return variables
    }
}
