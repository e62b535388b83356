internal import SluiceBase
internal import Zizq

/// What a server's error text quotes of the request: it is left out, because the text is logged, and payloads are not.
enum Quotation {
    /// The number of equal bytes in a row that is a quotation. Shorter ones are words such as `unique_while`.
    private static let length = 16
    /// The beginning of a text, which is never left out: it says what was refused, as in `jobs[17]: …`, and a payload
    /// that quotes it must not change what the relay does.
    private static let beginning = length - 1
    private static let longestText = 4000

    /// Returns the text with `…` for each quotation. Spaces and backslashes do not count, so that one with other
    /// escapes or another indentation is found as well.
    static func removed(from text: String, of request: [UInt8]) -> String {
        let bytes = Array(text.utf8.prefix(longestText))
        let offsets = bytes.indices.filter { counts(bytes[$0]) }
        guard offsets.count >= length else { return String(decoding: bytes, as: UTF8.self) }
        // 16 bytes are one number.
        var (sought, window) = ([UInt128](), UInt128(0))
        for offset in offsets {
            window = window << 8 | UInt128(bytes[offset])
            sought.append(window)
        }
        let wanted = Set(sought.dropFirst(length - 1))
        let found = windows(of: request, among: wanted).union(windows(of: unescaped(request), among: wanted))
        // Not within a character.
        let start = bytes.indices.prefix(beginning + 1).last { bytes[$0] & 0xC0 != 0x80 } ?? 0
        var isQuoted = Array(repeating: false, count: bytes.count)
        for (index, window) in sought.enumerated() where index >= length - 1 && found.contains(window) {
            for offset in offsets[index - length + 1]...offsets[index] where offset >= start { isQuoted[offset] = true }
        }
        var kept: [UInt8] = []
        for (offset, byte) in bytes.enumerated() {
            if !isQuoted[offset] {
                kept.append(byte)
            } else if offset == 0 || !isQuoted[offset - 1] {
                kept += Array("…".utf8)
            }
        }
        return String(decoding: kept, as: UTF8.self)
    }

    private static func windows(of request: [UInt8], among sought: Set<UInt128>) -> Set<UInt128> {
        // Most windows are ruled out by their last two bytes: a request has megabytes.
        var isPossible = Array(repeating: false, count: 1 << 16)
        for window in sought { isPossible[Int(UInt16(truncatingIfNeeded: window))] = true }
        var (found, window) = (Set<UInt128>(), UInt128(0))
        for byte in request where counts(byte) {
            window = window << 8 | UInt128(byte)
            if isPossible[Int(UInt16(truncatingIfNeeded: window))], sought.contains(window) { found.insert(window) }
        }
        return found
    }

    /// The request with the escapes of JSON replaced by the characters: a text may quote a value of it.
    private static func unescaped(_ request: [UInt8]) -> [UInt8] {
        let backslash = UInt8(ascii: "\\")
        guard request.contains(backslash) else { return [] }
        var (bytes, index) = ([UInt8](), 0)
        bytes.reserveCapacity(request.count)
        while index < request.count {
            // Two units can be one character.
            var units: [UInt16] = []
            while index + 6 <= request.count, request[index] == backslash, request[index + 1] == UInt8(ascii: "u"),
                let unit = Hex.decode(request.span.extracting((index + 2)..<(index + 6)))
            {
                units.append(UInt16(unit[0]) << 8 | UInt16(unit[1]))
                index += 6
            }
            guard units.isEmpty else {
                bytes += String(decoding: units, as: UTF16.self).utf8
                continue
            }
            let isEscape = request[index] == backslash && index + 1 < request.count
            let byte = request[isEscape ? index + 1 : index]
            // The escapes with a letter are white space, which does not count.
            if !isEscape || byte < UInt8(ascii: "a") { bytes.append(byte) }
            index += isEscape ? 2 : 1
        }
        return bytes
    }

    private static func counts(_ byte: UInt8) -> Bool { byte > UInt8(ascii: " ") && byte != UInt8(ascii: "\\") }
}

extension ZizqError {
    /// The error without what its text quotes of the request.
    func withoutQuotations(of request: [UInt8]) -> ZizqError {
        func removed(_ text: String) -> String { Quotation.removed(from: text, of: request) }
        return switch self {
        case .response(let answer):
            .response(
                RefusedResponse(
                    status: answer.status, serverText: answer.serverText.map(removed), retryAfter: answer.retryAfter,
                    fields: answer.fields.map(removed)))
        case .decoding(let answer):
            .decoding(
                UnreadableAnswer(
                    status: answer.status, message: answer.message, fields: answer.fields.map(removed)))
        case .transport, .invalidArgument: self
        }
    }
}
