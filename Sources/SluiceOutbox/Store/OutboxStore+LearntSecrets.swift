internal import SluiceBase

/// Secrets that routes have learnt from handshakes. They are kept until newer ones of the route replace them, or an
/// operator forgets them.
extension OutboxStore {
    /// Stores a secret as the newest one of a route. It is durable when this returns.
    ///
    /// - Parameter limit: the maximum number of secrets of a route.
    /// - Returns: all secrets of the route, newest first.
    package func learn(_ secret: [UInt8], of route: String, keeping limit: Int) throws(OutboxError) -> [[UInt8]] {
        let now = time.wallMilliseconds()
        return try urgentTransaction { () throws(SQLiteError) in
            let connection = session.connection
            try connection.prepare(
                "INSERT OR REPLACE INTO learnt_secrets (route, secret, learnt_at) VALUES (?1, ?2, ?3)"
            )
            .run(route, secret, now)
            let trim = try connection.prepare(
                """
                DELETE FROM learnt_secrets WHERE route = ?1 AND id NOT IN
                    (SELECT id FROM learnt_secrets WHERE route = ?1 ORDER BY id DESC LIMIT ?2)
                """)
            try trim.runAndUnbind(route, limit)
            return try queries.learntSecrets()[route] ?? []
        }
    }

    /// Forgets all secrets of a route.
    ///
    /// - Returns: the number of secrets.
    package func forgetLearntSecrets(of route: String) throws(OutboxError) -> Int {
        try urgentTransaction { () throws(SQLiteError) in
            let count = try queries.learntSecrets()[route]?.count ?? 0
            try session.connection.prepare("DELETE FROM learnt_secrets WHERE route = ?1").run(route)
            return count
        }
    }

    /// The secrets of each route, newest first.
    package func learntSecrets() throws(OutboxError) -> [String: [[UInt8]]] {
        return try answer(try queries.learntSecrets())
    }
}

extension Queries {
    fileprivate func learntSecrets() throws(SQLiteError) -> [String: [[UInt8]]] {
        let rows = try connection.prepare("SELECT route, secret FROM learnt_secrets ORDER BY id DESC").all {
            (route: $0.text(0), secret: $0.bytes(1))
        }
        return Dictionary(grouping: rows, by: \.route).mapValues { $0.map(\.secret) }
    }
}
