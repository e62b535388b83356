internal import SluiceBase

/// Streams that zlib made, and what they hold.
package enum GzipSample {
    package static let order = #"{"id":"1","type":"order.paid","data":{"order_id":17}}"#

    package static let stored = bytes(
        "1f8b08000000000000ff013500caff7b226964223a2231222c2274797065223a226f726465722e70616964222c2264617461223a7b226f"
            + "726465725f6964223a31377d7dc93b8d7f35000000")
    package static let fixed = bytes(
        "1f8b08000000000000ffab56ca4c51b2523254d2512aa92c480532f38b52528bf40a1281e23a4a298925894a56d510c178905243f3da5a00c93b8d7f35000000"
    )
    /// With extra bytes, a name, a comment and a checksum of all of that.
    package static let fullHeader = bytes(
        "1f8b081f010203040203050065787472616e61ef6d65006120636f6d6d656e7400c029ab56ca4c51b2523254d2512aa92c480532f38b52"
            + "528bf40a1281e23a4a298925894a56d510c178905243f3da5a00c93b8d7f35000000")
    /// `order` in one block, which is stored, and in one with the codes that are always the same.
    package static let ofOrder: [(name: String, stream: [UInt8])] = [
        ("stored", stored), ("fixed", fixed), ("full header", fullHeader),
    ]

    package static let dynamic =
        Base64.decode(
            Array(
                ("H4sIAAAAAAAA/5XTzWrFIBAF4FcJs75wo8af5FUuXYw63gSqKTEplJB3r4GupW4GPB6+1cwJ9E1phwm+jjzDAzYK5VFmfs6EPj8jLqnklsK6Uf"
                    + "ligZPwJcGw01aCEY3VrgSl4MjDFPAz0wPcGuOyZ5heJywlhr50IuWM79txM6Y3demIlrau79bQ7TN1Hn9u+9jnteAnJIx3O64J4boef9RIQuvR"
                    + "sorI2kThFAWheEXkbaJHVMozURFFm6iN96TcUBGHNpFpJlWvZUWUbaKVg/PIVUVUbaIUZpDC64qo28TArHXemIpo2kQTghi0GCvi2CZy4uh6wt"
                    + "qGNx6Nc4oLHG2N/OfVfFy/pfJ/7zkEAAA=").utf8
            ).span) ?? []

    /// Nothing.
    package static let empty = bytes("1f8b08000000000000ff03000000000000000000")
    /// 65,536 zeros.
    package static let zeros = bytes(
        "1f8b08000000000000ffedc101010000008090feafee080a00000000000000000000000000000000000000000000000000000000000000"
            + "00000000000000000000000000000000000000000000000000000000000000006aeb8e97d700000100")

    /// From hexadecimal digits.
    package static func bytes(_ digits: String) -> [UInt8] { Hex.decode(Array(digits.utf8).span) ?? [] }

    /// Blocks with a header, and with the trailer of nothing.
    package static func wrapped(_ blocks: String) -> [UInt8] {
        bytes("1f8b08000000000000ff" + blocks + "0000000000000000")
    }
}
