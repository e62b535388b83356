internal import SluiceBase

/// What stands in a request's path where the route has parameters.
enum PathParameters {
    /// - Parameters:
    ///   - segment: counted from 0.
    ///   - path: as received.
    /// - Returns: the segment, decoded once; empty where there is none.
    static func value(at segment: Int, of path: Span<UInt8>) -> [UInt8] {
        var start = 1
        for _ in 0..<segment {
            start = (path.firstIndex(of: UInt8(ascii: "/"), from: min(start, path.count)) ?? path.count) + 1
        }
        guard start < path.count else { return [] }
        let end = path.firstIndex(of: UInt8(ascii: "/"), from: start) ?? path.count
        return PercentDecoding.pathDecode(path.extracting((start - 1)..<end)).map { Array($0.dropFirst()) } ?? []
    }
}
