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

/// What stands in a request's path where the route has parameters.
package enum PathParameters {
    /// - Parameters:
    ///   - segment: counted from 0.
    ///   - path: as received.
    /// - Returns: the segment, decoded once; empty where there is none.
    package static func value(at segment: Int, of path: Span<UInt8>) -> [UInt8] {
        var start = 1
        for _ in 0..<segment {
            start = (path.firstIndex(of: UInt8(ascii: "/"), from: min(start, path.count)) ?? path.count) + 1
        }
        guard start < path.count else { return [] }
        let end = path.firstIndex(of: UInt8(ascii: "/"), from: start) ?? path.count
        return PercentDecoding.pathDecode(path.extracting((start - 1)..<end)).map { Array($0.dropFirst()) } ?? []
    }
}
