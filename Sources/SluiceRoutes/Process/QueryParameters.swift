internal import SluiceBase

/// The query of a request target.
enum QueryParameters {
    /// The decoded value of the first parameter with this name; `nil` if there is none.
    static func first(_ name: String, in query: Span<UInt8>) -> [UInt8]? {
        var start = 0
        while start < query.count {
            let end = query.firstIndex(of: UInt8(ascii: "&"), from: start) ?? query.count
            let parameter = query.extracting(start..<end)
            let mark = parameter.firstIndex(of: UInt8(ascii: "=")) ?? parameter.count
            if PercentDecoding.formDecode(parameter.extracting(0..<mark)) == Array(name.utf8) {
                return PercentDecoding.formDecode(
                    parameter.extracting(min(mark + 1, parameter.count)..<parameter.count))
            }
            start = end + 1
        }
        return nil
    }
}
