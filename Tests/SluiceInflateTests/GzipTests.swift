import SluiceBase
import SluiceInflate
import TestSupport
import Testing

/// Against streams that zlib made, and broken ones that zlib refuses.
@Suite(.serialized) struct GzipTests {
    private func inflate(_ stream: [UInt8], limit: Int = 1 << 20) throws(GzipError) -> String {
        String(decoding: try Gzip.inflate(stream.span, limit: limit), as: UTF8.self)
    }

    private func error(of stream: [UInt8], limit: Int = 1 << 20) -> GzipError? {
        do throws(GzipError) {
            _ = try Gzip.inflate(stream.span, limit: limit)
            return nil
        } catch {
            return error
        }
    }

    @Test("each type of block is read, and every header", arguments: GzipSample.ofOrder)
    func orders(name: String, stream: [UInt8]) throws {
        #expect(try inflate(stream) == GzipSample.order, "\(name)")
    }

    @Test("blocks with nothing in them are read as long as they are few, and tables as long as they bring something")
    func idleBlocks() throws {
        func stored(_ emptyBlocks: Int) -> [UInt8] {
            let empty: [UInt8] = [0, 0, 0, 0xFF, 0xFF]
            let blocks =
                Array(repeatElement(empty, count: emptyBlocks).joined()) + [1, 1, 0, 0xFE, 0xFF, UInt8(ascii: "a")]
            // CRC-32 of "a" and its length.
            return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF] + blocks + [0x43, 0xBE, 0xB7, 0xE8, 1, 0, 0, 0]
        }
        #expect(try inflate(stored(1000)) == "a")
        #expect(error(of: stored(1001)) == .idleBlocks)
        // A stream of one small block with a table, again and again.
        let small = GzipSample.dynamic
        #expect(try inflate(Array(repeatElement(small, count: 64).joined())).utf8.count == 64 * 1081)
        let table = Self.oneByteTable
        #expect(try inflate(Array(repeatElement(table, count: 64).joined())) == String(repeating: "A", count: 64))
        #expect(error(of: Array(repeatElement(table, count: 66).joined())) == .idleBlocks)
    }

    /// A stream of one byte behind a table of codes.
    private static let oneByteTable =
        Hex.decode(
            Array(
                ("1f8b08000000000000ff0dc0010400000080200000000000000000030000000000000000000000000000000000000000000000a7018b9e"
                    + "d9d301000000").utf8
            ).span) ?? []

    @Test("a block with its own codes is decoded")
    func dynamic() throws {
        let text = try inflate(GzipSample.dynamic)
        #expect(text.utf8.count == 1081)
        #expect(
            text.hasPrefix(
                #"{"event":"push","ref":"refs/heads/main","before":"1f2e3d","after":"9a8b7c","forced":false,"commits":[{"id":"0""#
            ))
        #expect(
            text.hasSuffix(#"{"id":"cc623a9b","message":"change number 11 of the day","author":{"name":"mona"}}]}"#))
    }

    @Test(
        "the extreme values of blocks are decoded",
        arguments: [
            (
                "a single distance of one bit",
                "1f8b08000000000000ff0dc0010400000080200000000000000000030000000000000000000000000000000000000000000000570cf108"
                    + "0d9b04000000",
                "AAAA"
            ),
            (
                "no distances, which are not used",
                "1f8b08000000000000ff0dc0010400000080200000000000000000030000000000000000000000000000000000000000000000a7018b9e"
                    + "d9d301000000",
                "A"
            ),
            (
                "nothing but the end of the block",
                "1f8b08000000000000ff05c001040000000010000000000000000000000000000000000000000000000000000000000000008000000000"
                    + "0000000000",
                ""
            ),
            (
                "codes of up to 15 bits",
                "1f8b08000000000000ff05e001902449922449020000000000000000000000000000000000000000000000000000000000000000000000"
                    + "00000000000000000000000000128b9a4756cfde0300000000000000000000000000000000000000000000000000000000000000000000"
                    + "000000000000000000000000000000000000000000000000000000000000000000000000003cfcfffebffff77ffffbefdfdfef7bb7fcff"
                    + "017ae69ff60f000000",
                "onmlkjihgfedcba"
            ),
        ])
    func corners(name: String, stream: String, text: String) throws {
        #expect(try inflate(GzipSample.bytes(stream)) == text, "\(name)")
    }

    @Test("several streams are one content; each is independent")
    func members() throws {
        let streams = GzipSample.fixed + GzipSample.empty + GzipSample.stored
        #expect(try inflate(streams) == GzipSample.order + GzipSample.order)
        // The second stream repeats a byte of the first.
        #expect(error(of: GzipSample.fixed + GzipSample.wrapped("730442000000000000000000")) == .brokenDistance)
    }

    @Test("a stream that is cut off anywhere is refused as that", arguments: GzipSample.ofOrder)
    func cutOff(name: String, stream: [UInt8]) {
        for length in stream.indices {
            #expect(error(of: Array(stream[..<length])) == .cutOff, "\(name), \(length) bytes")
        }
        for length in 1..<stream.count {
            #expect(
                error(of: GzipSample.fixed + stream[..<length]) == .cutOff,
                "\(name), \(length) bytes behind another stream")
        }
    }

    @Test("a stream with one bit turned is refused, or says the same", arguments: GzipSample.ofOrder)
    func turnedBits(name: String, stream: [UInt8]) {
        for bit in 0..<(8 * stream.count) {
            var spoilt = stream
            spoilt[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let text = try? inflate(spoilt) else { continue }
            #expect(text == GzipSample.order, "\(name), bit \(bit)")
        }
    }

    @Test(
        "streams that zlib refuses are refused",
        arguments: [
            ("a block of the type that there is not", "0700", .brokenBlock),
            ("a stored block whose length is not its inverse", "010500050068656c6c6f", .brokenBlock),
            ("more than 286 literals and lengths", "f5e00100000000000000", .brokenBlock),
            ("more than 30 distances", "05fe0100000000000000", .brokenBlock),
            (
                "too many codes of code lengths",
                "05c00104000000401000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                .brokenBlock
            ),
            (
                "too few codes of code lengths",
                "05c00108000000002000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                .brokenBlock
            ),
            (
                "no codes of code lengths",
                "0500000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
                .brokenBlock
            ),
            (
                "a repeated length before there is one",
                "0500022400000000000000000000000000000000000000000000000000000000000000000000000000000000", .brokenBlock
            ),
            (
                "more lengths than there are symbols",
                "050080e4ffff1f00000000000000000000000000000000000000000000000000000000000000000000000000000000",
                .brokenBlock
            ),
            (
                "no end of the block",
                "05c001040000000090010000000000000000000000000000000000000000000000000000000000000001", .brokenBlock
            ),
            (
                "too many literals and lengths",
                "05c001040000000090010000000000000000000000000000000000000000000000000000000000008001",
                .brokenBlock
            ),
            (
                "too few literals and lengths",
                "05c0010400000080a0010000000000000000000000000000000000000000000000000000000000000007",
                .brokenBlock
            ),
            (
                "too many distances",
                "05c201040000000090000000000000000000000000000000000000000000000000000000000000008007", .brokenBlock
            ),
            (
                "too few distances",
                "05c1010400000080a000000000000000000000000000000000000000000000000000000000000000003d", .brokenBlock
            ),
            ("a length that is 286", "1b030000000000000000", .brokenCode),
            ("a distance that is 30", "73043e0000000000000000", .brokenCode),
            ("a distance of 2 behind one byte", "730442000000000000000000", .brokenDistance),
            (
                "a distance where there is none",
                "0dc00104000000802000000000000000000300000000000000000000000000000000000000000000002706",
                .brokenCode
            ),
            (
                "the second code of one bit where there is one",
                "0dc0010400000080200000000000000000030000000000000000000000000000000000000000000000570e", .brokenCode
            ),
        ] as [(String, String, GzipError)])
    func broken(name: String, blocks: String, expected: GzipError) {
        #expect(error(of: GzipSample.wrapped(blocks)) == expected, "\(name)")
    }

    @Test(
        "data that is not gzip, has a reserved flag, trailing bytes or a wrong checksum is refused"
    )
    func frame() {
        #expect(error(of: []) == .cutOff)
        #expect(error(of: Array("{}".utf8)) == .notGzip)
        #expect(error(of: [0x1F, 0x8B, 7] + GzipSample.fixed.dropFirst(3)) == .notGzip)
        #expect(error(of: GzipSample.fixed + [0]) == .bytesBehind)
        #expect(error(of: GzipSample.fixed + Array("{}".utf8)) == .bytesBehind)
        for flag in [UInt8(0x20), 0x40, 0x80] {
            var stream = GzipSample.fixed
            stream[3] = flag
            #expect(error(of: stream) == .brokenHeader)
        }
        var header = GzipSample.fullHeader
        header[20] ^= 1
        #expect(error(of: header) == .brokenHeader)
        for place in 1...8 {
            var stream = GzipSample.fixed
            stream[stream.count - place] ^= 1
            #expect(error(of: stream) == .checksumMismatch)
        }
    }

    @Test("the output never exceeds the limit")
    func limit() throws {
        // Ten megabytes in 15 kilobytes.
        let bomb = Array(repeating: GzipSample.zeros, count: 160).flatMap { $0 }
        #expect(error(of: bomb, limit: 1 << 20) == .overLimit)
        let double = GzipSample.zeros + GzipSample.zeros
        #expect(try Gzip.inflate(double.span, limit: 2 << 16) == [UInt8](repeating: 0, count: 2 << 16))
        #expect(error(of: double, limit: 2 << 16 - 1) == .overLimit)
        for limit in [0, 1, 257, 258, 259, 1000, 65_535] {
            #expect(error(of: GzipSample.zeros, limit: limit) == .overLimit)
        }
        #expect(error(of: GzipSample.zeros, limit: 65_536) == nil)
        for stream in GzipSample.ofOrder {
            #expect(error(of: stream.stream, limit: GzipSample.order.utf8.count - 1) == .overLimit, "\(stream.name)")
            #expect(error(of: stream.stream, limit: GzipSample.order.utf8.count) == nil, "\(stream.name)")
        }
        #expect(error(of: GzipSample.empty, limit: 0) == nil)
    }

    @Test("the checksum is CRC-32, however many bytes there are")
    func checksum() {
        // The catalogue's own example, and the same bit by bit.
        #expect(CRC32.of(Array("123456789".utf8).span) == 0xCBF4_3926)
        for count in 0..<40 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 5) }
            var checksum: UInt32 = 0xFFFF_FFFF
            for byte in bytes {
                checksum ^= UInt32(byte)
                for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1 }
            }
            #expect(CRC32.of(bytes.span) == ~checksum, "\(count) bytes")
        }
    }
}
