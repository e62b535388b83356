internal import Logging
internal import SluiceBase

/// The format of a setting's text: how it is read, written and described.
package struct SettingFormat<Value: Sendable>: Sendable {
    /// For the table in the docs: `100ms–5m`.
    package let range: String
    /// The text after "must be": `a duration from 100ms to 5m, such as 30s`.
    package let requirement: String
    /// The placeholder on the command line: `DURATION`.
    package let placeholder: String
    /// `nil` for another format or a value out of range.
    package let parse: @Sendable (String) -> Value?
    package let write: @Sendable (Value) -> String
    /// Whether the value is a list, which the file may also write as one.
    package var isList = false
}

extension SettingFormat<Int> {
    /// An integer; without an upper bound if `range` has no practical one.
    static func number(_ range: ClosedRange<Int>) -> SettingFormat {
        let open = range.upperBound == .max
        return SettingFormat(
            range: open ? "≥ \(range.lowerBound)" : "\(range.lowerBound)–\(range.upperBound)",
            requirement: open
                ? "a whole number, at least \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)",
            placeholder: "NUMBER",
            parse: { text in
                guard !text.isEmpty, text.utf8.allSatisfy(ASCII.isDigit), let number = Int(text), range.contains(number)
                else { return nil }
                return number
            },
            write: { String($0) })
    }
}

extension SettingFormat<Duration> {
    /// A duration with its unit.
    static func duration(_ range: ClosedRange<Duration>) -> SettingFormat {
        let (low, high) = (DurationText.format(range.lowerBound), DurationText.format(range.upperBound))
        return SettingFormat(
            range: "\(low)–\(high)",
            requirement: "a duration from \(low) to \(high), such as 500ms, 30s, 5m, 2h or 7d",
            placeholder: "DURATION",
            parse: { text in DurationText.parse(text).flatMap { range.contains($0) ? $0 : nil } },
            write: { DurationText.format($0) })
    }
}

extension SettingFormat<ByteCount> {
    /// A size with its unit; without an upper bound if `high` is not given.
    static func size(_ low: ByteCount, _ high: ByteCount? = nil) -> SettingFormat {
        SettingFormat(
            range: high.map { "\(low)–\($0)" } ?? "≥ \(low)",
            requirement: (high.map { "a size from \(low) to \($0)" } ?? "a size of at least \(low)")
                + ", such as 64KiB, 10MiB or 1GiB",
            placeholder: "SIZE",
            parse: { text in ByteCount(parsing: text).flatMap { $0 >= low && $0 <= (high ?? $0) ? $0 : nil } },
            write: { $0.description })
    }
}

extension SettingFormat<String> {
    /// A file or folder by its path.
    static func path(_ range: String, placeholder: String = "FILE") -> SettingFormat {
        SettingFormat(
            range: range, requirement: "the path of a \(placeholder.lowercased())", placeholder: placeholder,
            parse: { text in text.isEmpty || text.utf8.contains(0) ? nil : text },
            write: { $0 })
    }
}

extension SettingFormat<ListenerSetting> {
    static var listener: SettingFormat {
        SettingFormat(
            range: "`ADDRESS:PORT`, `[::]:PORT`, `off`",
            requirement: "'off' or a numeric address and a port, such as 127.0.0.1:8443 or [::1]:8443",
            placeholder: "ADDRESS:PORT",
            parse: { ListenerSetting(parsing: $0) },
            write: { $0.description })
    }
}

extension SettingFormat<ServerURL> {
    static var server: SettingFormat {
        url(
            "`http://host[:port][/path]`, `https://…`",
            "an http or https URL of a server, without user name or query, such as http://127.0.0.1:7890",
            allowsPath: true)
    }

    static var publicServer: SettingFormat {
        url(
            "`https://host[:port]`",
            "an https URL of a server, without user name, path or query, such as https://hooks.example.org",
            onlySecure: true)
    }

    private static func url(
        _ range: String, _ requirement: String, onlySecure: Bool = false, allowsPath: Bool = false
    ) -> SettingFormat {
        SettingFormat(
            range: range, requirement: requirement, placeholder: "URL",
            parse: { text in
                ServerURL(parsing: text, allowsPath: allowsPath).flatMap {
                    onlySecure && $0.scheme != .https ? nil : $0
                }
            },
            write: { $0.description })
    }
}

extension SettingFormat<[AddressBlock]> {
    static var addressBlocks: SettingFormat {
        SettingFormat(
            range: "CIDR list",
            requirement:
                "a list of addresses or CIDR blocks without bits after the prefix, such as 10.0.0.0/8, 2001:db8::/32",
            placeholder: "CIDR,…",
            parse: { text in
                let parts = text.split(separator: ",").map { $0.trimming { $0 == " " } }
                let blocks = parts.compactMap { AddressBlock(parsing: $0) }
                return blocks.count < parts.count ? nil : blocks
            },
            write: { $0.map(\.description).joined(separator: ",") },
            isList: true)
    }
}

extension SettingFormat where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    /// One of a few words.
    static var word: SettingFormat {
        let words = Value.allCases.map(\.rawValue)
        return SettingFormat(
            range: words.map { "`\($0)`" }.joined(separator: ", "),
            requirement: "one of \(words.joined(separator: ", "))",
            placeholder: words.joined(separator: "|"),
            parse: { Value(rawValue: $0) },
            write: { $0.rawValue })
    }
}
