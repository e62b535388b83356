package import SluiceOutbox
package import SluiceRouteFiles
internal import SluiceRoutes

/// The JSON documents that the command line and a gateway exchange, and that `--json` prints.
package enum ControlDocuments {
    /// The figures of the outbox.
    package struct Status: Codable, Sendable, Hashable {
        package var condition: String
        package var pendingJobs: Int
        /// In milliseconds; 0 if there is none.
        package var oldestPendingAge: Int64
        package var parkedJobs: Int
        package var deadLetters: Int
        /// The number of the newest dead letter; 0 if there is none.
        package var lastDeadLetter: Int64
        package var deadBytes: Int
        package var deadLimit: Int
        package var undeliveredBytes: Int
        package var undeliveredLimit: Int
        package var deliveredBytes: Int
        package var rememberedDeliveries: Int
        package var fileBytes: Int
        package var logBytes: Int
        /// Damaged files that were set aside; nil from a gateway of an earlier version.
        package var damagedFiles: Int?
        /// Files that list webhooks whose jobs a salvage could not save; nil from a gateway of an earlier version.
        package var lostLists: [String]?
        /// Whether a gateway runs on this outbox.
        package var isGatewayRunning: Bool
        /// Whether jobs are sent, and if not, why; nil if no gateway runs.
        package var relay: String?
        /// Quarantined requests, their size and the number of the newest; nil from a gateway of an earlier version.
        package var quarantinedRequests: Int?
        package var quarantinedBytes: Int?
        package var lastQuarantined: Int64?
    }

    /// One job with everything that is sent.
    package struct JobContent: Codable, Sendable, Hashable {
        package var job: JobListing
        /// JSON members in addition to type and queue.
        package var options: String
        package var uniqueWhile: String?
        /// Whether its checksum is unchanged since it was stored.
        package var isIntact: Bool
        /// JSON.
        package var payload: String
    }

    /// One dead letter.
    package struct DeadLetter: Codable, Sendable, Hashable, Identifiable {
        package var id: Int64
        package var delivery: String
        package var route: String
        package var receivedAt: Int64
        package var diedAt: Int64
        package var reason: String
        package var detail: String
        package var type: String?
        package var queue: String?
        package var contentBytes: Int
        /// Whether it contains a job, instead of a request that its route renders again.
        package var holdsJob: Bool
        /// The array element and the job rule that it is about, both counted from 1; nil for the whole delivery and for
        /// all rules.
        package var element: Int?
        package var rule: Int?
        /// The rule that made it, as it was then: its kind, the type and queue of its jobs if they are constant, and a
        /// digest of the rule. Nil if no single rule is the cause, and in dead letters of an earlier version.
        package var ruleKind: String?
        package var ruleType: String?
        package var ruleQueue: String?
        package var ruleDigest: String?
        /// Whether a rule made it that an earlier version did not record.
        package var lacksRule: Bool
    }

    /// One dead letter with its job or request.
    package struct DeadLetterContent: Codable, Sendable, Hashable {
        package var letter: DeadLetter
        /// Whether its job is unchanged since it was stored; otherwise it is never sent.
        package var isIntact: Bool
        /// JSON of the job's payload.
        package var payload: String?
        /// The request's head and body as received, without credentials; bytes that are not text are replaced.
        package var request: String?
    }

    /// A delivery with its request and its results.
    package struct Delivery: Codable, Sendable, Hashable {
        package var delivery: String
        package var route: String
        package var receivedAt: Int64
        /// The request's head and body as received, without credentials, in base64; nil if it was not kept.
        package var request: String?
        /// At most 500 of each.
        package var jobs: [JobListing]
        package var deadLetters: [DeadLetter]
    }

    /// One page of a list.
    package struct Page<Row: Codable & Sendable & Hashable>: Codable, Sendable, Hashable {
        package var rows: [Row]
        /// The value of `after` for the next page; nil at the end.
        package var next: Int64?
    }

    /// The result of retrying a dead letter.
    package struct Retried: Codable, Sendable, Hashable {
        /// The jobs that are now in the sending order.
        package var jobs: [Int64]
        /// The reason if there are none.
        package var problem: String?
        /// Whether the reason is that another job would result now; the command can accept that.
        package var wouldChange: Bool
    }

    /// The result of discarding a dead letter, or of forgetting keys.
    package struct Forgotten: Codable, Sendable, Hashable {
        /// The number of forgotten keys.
        package var keys: Int
        /// Whether a job of their deliveries is pending, parked or dead.
        package var isUndelivered: Bool
    }

    /// The result of burying a job.
    package struct Buried: Codable, Sendable, Hashable {
        package var deadLetter: Int64
    }

    /// Some delivered jobs that are pending again.
    package struct Replayed: Codable, Sendable, Hashable {
        package var jobs: Int
        /// Jobs with a wrong checksum, which are left out.
        package var damaged: [Int64]
        /// The start of the next step; nil at the end.
        package var next: Int64?
    }

    /// One quarantined request.
    package struct QuarantinedRequest: Codable, Sendable, Hashable, Identifiable {
        package var id: Int64
        package var route: String
        package var receivedAt: Int64
        package var expiresAt: Int64
        /// The address.
        package var sender: String
        /// The reason for the refusal.
        package var reason: String
        /// The request's size, head and body.
        package var bytes: Int
    }

    /// The result of verifying a quarantined request again.
    package struct QuarantineVerdict: Codable, Sendable, Hashable {
        /// Jobs and dead letters that were stored; `nil` for a request that stays.
        package var jobs: Int?
        package var deadLetters: Int?
        /// The number of its parts that are duplicates.
        package var duplicates: Int?
        /// Why a valid request produces no job; it is removed.
        package var ignored: String?
        /// Why it stays in the quarantine; `nil` if it is removed.
        package var problem: String?
    }

    /// Some quarantined requests that were removed.
    package struct QuarantineDropped: Codable, Sendable, Hashable {
        package var requests: Int
        /// The first number of the next step; `nil` at the end.
        package var next: Int64?
    }

    /// A complete backup.
    package struct BackedUp: Codable, Sendable, Hashable {
        package var path: String
        package var bytes: Int
        /// The damage found in it, which the outbox has, too; nil if none was found, or it is too large to be checked.
        package var damage: String?
    }

    /// The result of arming a route.
    package struct Armed: Codable, Sendable, Hashable {
        /// The end of the time in which it may learn a secret, in milliseconds since the epoch.
        package var until: Int64?
        /// The reason for a refusal.
        package var problem: String?
    }

    /// The secrets that a route has learnt, newest first.
    package struct LearntSecrets: Codable, Sendable, Hashable {
        package var route: String
        package var secrets: [String]
    }

    /// The result of forgetting learnt secrets.
    package struct ForgottenSecrets: Codable, Sendable, Hashable {
        package var secrets: Int
    }

    /// A route table, of a running gateway or of a folder.
    package struct Routes: Codable, Sendable, Hashable {
        /// Nil for a folder.
        package var gateway: TableState?
        /// Why the last load failed, or why the folder has no valid table, one line each.
        package var problems: [String]
        /// In the order of the files, and of the routes in each.
        package var routes: [RouteSummary]
        /// Problems that need attention although the table is loaded, one line each; nil if there are none.
        package var notices: [String]?

        package init(
            gateway: TableState? = nil, problems: [String], routes: [RouteSummary], notices: [String] = []
        ) {
            self.gateway = gateway
            self.problems = problems
            self.routes = routes
            self.notices = notices.isEmpty ? nil : notices
        }
    }

    /// The table that a gateway serves, and the result of the last load.
    package struct TableState: Codable, Sendable, Hashable {
        /// The number of loaded tables so far.
        package var version: Int
        /// When it was loaded, and when a load was last tried, in milliseconds since the epoch.
        package var since: Int64
        package var triedAt: Int64
        /// The result of that attempt: `success` or `failure`.
        package var result: String
        /// Whether the files on disk, secret files included, are the loaded ones: `in_force`, `changed` or
        /// `unreadable`.
        package var files: String
    }
}
