/// What a salvage of a damaged outbox saved.
package struct SalvageReport: Sendable, Hashable {
    /// One table of the outbox.
    package struct Table: Sendable, Hashable {
        package let name: String
        package var saved = 0
        /// Stretches of rows, one or many, that could not be read.
        package var gaps = 0
        /// Rows that were read and make no sense.
        package var unusable = 0

        /// Whether every row was saved, as far as can be known.
        package var isComplete: Bool { gaps == 0 && unusable == 0 }
    }

    package var tables: [Table] = []
    /// Where the damaged file is now; its log is next to it.
    package var damagedPath = ""
    /// What was found damaged first.
    package var cause = ""
    /// Deliveries of which an undelivered job was lost. Their keys are forgotten.
    package var lostDeliveries = 0

    /// Whether nothing is known to be lost.
    package var isComplete: Bool { tables.allSatisfy(\.isComplete) }

    /// The file with a line for each delivery of `lostDeliveries`: id, time of receipt, route.
    package var lostPath: String { damagedPath + Salvage.lostSuffix }

    /// One line a table, and one about what the providers must send again.
    package var lines: [String] {
        let lost =
            "\(lostDeliveries) deliver\(lostDeliveries == 1 ? "y" : "ies") lost undelivered jobs and can be sent again "
            + "by the provider: their keys are forgotten, their ids are in \(lostPath)"
        return tables.map { table in
            let gaps = table.gaps == 0 ? "" : ", \(table.gaps) unreadable stretch\(table.gaps == 1 ? "" : "es")"
            let unusable = table.unusable == 0 ? "" : ", \(table.unusable) unusable"
            return "\(table.name): \(table.saved) row\(table.saved == 1 ? "" : "s") saved\(gaps)\(unusable)"
        } + (lostDeliveries == 0 ? [] : [lost])
    }
}
