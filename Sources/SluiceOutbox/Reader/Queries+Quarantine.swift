package import SluiceBase

/// The quarantined requests that a command applies to.
package struct QuarantineRange: Sendable, Hashable {
    /// The name of their route; nil for every route.
    package var route: String?
    package var ids: ClosedRange<Int64>

    package init(route: String? = nil, ids: ClosedRange<Int64> = 1...Int64.max) {
        self.route = route
        self.ids = ids
    }
}

/// A quarantined request in a list.
package struct QuarantineListing: Sendable, Hashable {
    /// Never reused.
    package let id: Int64
    package let route: String
    /// Both in milliseconds since the epoch.
    package let receivedAtMilliseconds: Int64
    package let expiresAtMilliseconds: Int64
    package let sender: PeerAddress
    /// The reason for the refusal.
    package let reason: String
    /// The request's size.
    package let bytes: Int
}

/// A quarantined request with its bytes.
package struct QuarantineContent: Sendable, Hashable {
    package let listing: QuarantineListing
    /// Whether the bytes are unchanged since they were stored. Nothing else is verified here.
    package let isIntact: Bool
    package let request: [UInt8]
}

extension Queries {
    private static let listed = "id, route, received_at, expires_at, sender, reason, bytes"

    /// Quarantined requests in the order of receipt; at most 500.
    package func quarantined(_ range: QuarantineRange, limit: Int = 500) throws(SQLiteError) -> [QuarantineListing] {
        let route = range.route == nil ? "" : "route = ?3 AND"
        let rows = try connection.prepare(
            """
            SELECT \(Self.listed) FROM quarantine
            WHERE \(route) id BETWEEN ?1 AND \(range.ids.upperBound) ORDER BY id LIMIT ?2
            """)
        if let route = range.route { rows.bind(route, at: 3) }
        return try rows.all(range.ids.lowerBound, min(max(limit, 0), Self.page)) { Self.quarantined($0) }
    }

    /// The number of the newest quarantined request; 0 for none.
    package func lastQuarantined() throws(SQLiteError) -> Int64 {
        try connection.integer("SELECT max(id) FROM quarantine") ?? 0
    }

    /// One quarantined request with its bytes; nil if there is none with this id.
    package func quarantined(_ id: Int64) throws(SQLiteError) -> QuarantineContent? {
        let sql = "SELECT \(Self.listed), checksum, request FROM quarantine WHERE id = ?1 LIMIT ?2"
        return try rows(sql, id, limit: 1) { row in
            let request = row.bytes(8)
            let isIntact = Checksum.of(request) == row.checksum(7)
            return QuarantineContent(listing: Self.quarantined(row), isIntact: isIntact, request: request)
        }.first
    }

    private static func quarantined(_ row: Statement) -> QuarantineListing {
        QuarantineListing(
            id: row.int64(0), route: row.text(1), receivedAtMilliseconds: row.int64(2),
            expiresAtMilliseconds: row.int64(3), sender: PeerAddress(stored: row.text(4)), reason: row.text(5),
            bytes: Int(row.size(6)))
    }
}
