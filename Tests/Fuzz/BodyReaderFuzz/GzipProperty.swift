internal import SluiceInflate

/// What comes out of a stream stays within its limit, depends on nothing behind the stream's end, and is the same with
/// a frame around it.
enum GzipProperty {
    private static let limit = 20_000

    /// Blocks without a frame, so that libFuzzer need not guess checksums.
    static func checkBlocks(_ bytes: [UInt8]) {
        guard case .success(let (content, end)) = blocks(bytes, limit: limit) else { return }
        precondition(content.count <= limit && end <= bytes.count, "A stream goes beyond its limits.")
        let stream = Array(bytes[..<end])
        precondition(
            text(blocks(stream, limit: content.count)) == "\(content) \(end)",
            "What is behind the end changed the content.")
        if !content.isEmpty {
            precondition(
                text(blocks(stream, limit: content.count - 1)) == "\(GzipError.overLimit)", "A limit was not kept.")
        }
        let framed = frame(stream, of: content)
        precondition(result(framed) == .success(content), "A frame changed the content.")
        precondition(result(framed + framed) == .success(content + content), "A second stream changed the first.")
        precondition(result(Array(framed.dropLast())) == .failure(.cutOff), "A missing byte was not missed.")
        precondition(result(framed + [0]) == .failure(.bytesBehind), "A byte behind the end was taken.")
    }

    static func checkStream(_ bytes: [UInt8]) {
        if case .success(let content) = result(bytes) {
            precondition(content.count <= limit, "A stream goes beyond its limit.")
            precondition(result(bytes + bytes) == .success(content + content), "A second stream changed the first.")
        }
        precondition(result(frame(stored(bytes), of: bytes)) == .success(bytes), "A stored block changed.")
    }

    private static func blocks(_ bytes: [UInt8], limit: Int) -> Result<([UInt8], Int), GzipError> {
        var inflater = Inflater()
        var output = InflatedBytes(limit: limit, expected: 0)
        do throws(GzipError) {
            let end = try inflater.inflate(bytes.span, from: 0, into: &output)
            return .success((try output.finish(), end))
        } catch {
            return .failure(error)
        }
    }

    private static func text(_ result: Result<([UInt8], Int), GzipError>) -> String {
        switch result {
        case .success(let (content, end)): "\(content) \(end)"
        case .failure(let error): "\(error)"
        }
    }

    /// Twice the limit, for two streams.
    private static func result(_ bytes: [UInt8]) -> Result<[UInt8], GzipError> {
        do throws(GzipError) { return .success(try Gzip.inflate(bytes.span, limit: 2 * limit)) } catch {
            return .failure(error)
        }
    }

    private static func frame(_ blocks: [UInt8], of content: [UInt8]) -> [UInt8] {
        [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF] + blocks + word(CRC32.of(content.span)) + word(UInt32(content.count))
    }

    private static func stored(_ bytes: [UInt8]) -> [UInt8] {
        precondition(bytes.count <= 0xFFFF, "libFuzzer's inputs are smaller.")
        return [1] + word(UInt32(bytes.count) | (UInt32(bytes.count) ^ 0xFFFF) << 16) + bytes
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
