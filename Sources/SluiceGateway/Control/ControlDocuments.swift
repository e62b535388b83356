package import SluiceRouteFiles
internal import SluiceRoutes

/// What the command line and a gateway say to each other, as JSON, and what `--json` prints.
package enum ControlDocuments {
    /// The outbox in figures.
    package struct Status: Codable, Sendable, Hashable {
        package var condition: String
        package var pendingJobs: Int
        /// In milliseconds; 0 where there is none.
        package var oldestPendingAge: Int64
        package var parkedJobs: Int
        package var deadLetters: Int
        /// The number of the newest dead letter; 0 where there is none.
        package var lastDeadLetter: Int64
        package var deadBytes: Int
        package var deadLimit: Int
        package var undeliveredBytes: Int
        package var undeliveredLimit: Int
        package var deliveredBytes: Int
        package var rememberedDeliveries: Int
        package var fileBytes: Int
        package var logBytes: Int
        /// Damaged files that were set aside; nothing from a gateway of an earlier version.
        package var damagedFiles: Int?
        /// Whether a gateway runs on this outbox.
        package var isGatewayRunning: Bool
        /// Whether jobs are sent, and if not, why; nil if no gateway runs.
        package var relay: String?
        /// Quarantined requests, their size and the number of the newest; nothing from a gateway of an earlier version.
        package var quarantinedRequests: Int?
        package var quarantinedBytes: Int?
        package var lastQuarantined: Int64?
    }

    /// One job.
    package struct Job: Codable, Sendable, Hashable {
        package var id: Int64
        package var state: String
        package var delivery: String
        package var route: String
        /// All times in milliseconds since the epoch.
        package var receivedAt: Int64
        package var type: String
        package var queue: String
        package var uniqueKey: String?
        package var payloadBytes: Int
        package var zizqID: String?
        package var deliveredAt: Int64?
        /// Whether `zizqID` is an older job that holds the unique key, so that Zizq dropped this one.
        package var dropped: Bool?
        package var detail: String?

        /// The key strategy makes `zizq_id` of the one that is spelt out.
        private enum CodingKeys: String, CodingKey {
            case id, state, delivery, route, receivedAt, type, queue, uniqueKey, payloadBytes, deliveredAt, dropped,
                detail
            case zizqID = "zizqId"
        }
    }

    /// One job with all that is sent of it.
    package struct JobContent: Codable, Sendable, Hashable {
        package var job: Job
        /// JSON members in addition to type and queue.
        package var options: String
        package var uniqueWhile: String?
        /// Whether it still has the checksum that it was stored with.
        package var isIntact: Bool
        /// JSON.
        package var payload: String
    }

    /// One dead letter.
    package struct DeadLetter: Codable, Sendable, Hashable {
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
        /// Whether it contains a finished job; otherwise a request, which its route renders again.
        package var holdsJob: Bool
        /// Which element of the array that the delivery carried it is about, and which job rule of the route, both
        /// counted from 1; nothing for the whole delivery, and for all rules.
        package var element: Int?
        package var rule: Int?
        /// The rule that it was made by, as it was then: its kind, and the type and queue of its jobs where they are
        /// the same for all, and a digest of all that it said. Nothing if no single rule is the cause, and in letters
        /// of an earlier version.
        package var ruleKind: String?
        package var ruleType: String?
        package var ruleQueue: String?
        package var ruleDigest: String?
        /// Whether a rule made it that an earlier version did not write down.
        package var lacksRule: Bool
    }

    /// One dead letter with what it holds.
    package struct DeadLetterContent: Codable, Sendable, Hashable {
        package var letter: DeadLetter
        /// Whether its job is the one that was stored; it is never sent otherwise.
        package var isIntact: Bool
        /// JSON of the job's payload.
        package var payload: String?
        /// The request's head and body as they came, without credentials; bytes that are no text replaced.
        package var request: String?
    }

    /// A delivery with its request and its results.
    package struct Delivery: Codable, Sendable, Hashable {
        package var delivery: String
        package var route: String
        package var receivedAt: Int64
        /// The request's head and body as they came, without credentials, in base64; nothing where it is not kept.
        package var request: String?
        /// Of each at most 500.
        package var jobs: [Job]
        package var deadLetters: [DeadLetter]
    }

    /// A page of a list, and where the next one begins.
    package struct Page<Row: Codable & Sendable & Hashable>: Codable, Sendable, Hashable {
        package var rows: [Row]
        /// To be given as `after` for the next page; nothing at the end.
        package var next: Int64?
    }

    /// What retrying a dead letter came to.
    package struct Retried: Codable, Sendable, Hashable {
        /// The jobs that are in the sending order now.
        package var jobs: [Int64]
        /// Why there are none.
        package var problem: String?
        /// Whether that is because another job would come of it now, which may be asked for.
        package var wouldChange: Bool
    }

    /// What discarding a dead letter, or forgetting keys, came to.
    package struct Forgotten: Codable, Sendable, Hashable {
        /// How many keys are forgotten now.
        package var keys: Int
        /// Whether a job of their deliveries is pending, parked or dead.
        package var isUndelivered: Bool
    }

    /// What burying a job came to.
    package struct Buried: Codable, Sendable, Hashable {
        package var deadLetter: Int64
    }

    /// Delivered jobs that a replay would send again.
    package struct ReplayFigures: Codable, Sendable, Hashable {
        package var jobs: Int
        package var bytes: Int
        package var lastJob: Int64
        /// When the oldest delivered job that is kept was delivered, milliseconds since the epoch.
        package var oldestKeptAt: Int64?
    }

    /// Some delivered jobs that are pending again.
    package struct Replayed: Codable, Sendable, Hashable {
        package var jobs: Int
        /// Those whose checksum is wrong, which are left out.
        package var damaged: [Int64]
        /// Where to go on; nothing at the end.
        package var next: Int64?
    }

    /// One quarantined request.
    package struct QuarantinedRequest: Codable, Sendable, Hashable {
        package var id: Int64
        package var route: String
        package var receivedAt: Int64
        package var expiresAt: Int64
        /// The address.
        package var sender: String
        /// Why it was refused.
        package var reason: String
        /// Of the request, head and body.
        package var bytes: Int
    }

    /// The result of verifying a quarantined request again.
    package struct QuarantineVerdict: Codable, Sendable, Hashable {
        /// Jobs and dead letters that were stored; `nil` for a request that stays.
        package var jobs: Int?
        package var deadLetters: Int?
        /// The number of its parts that are duplicates.
        package var duplicates: Int?
        /// Why a valid request makes no job; it is removed.
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

    /// A backup that is complete.
    package struct BackedUp: Codable, Sendable, Hashable {
        package var path: String
        package var bytes: Int
        /// What is damaged in it, as the outbox is; nil where nothing was found, or it is too large to be checked.
        package var damage: String?
    }

    /// What arming a route came to.
    package struct Armed: Codable, Sendable, Hashable {
        /// Until when it may learn a secret, in milliseconds since the epoch.
        package var until: Int64?
        /// Why it may not.
        package var problem: String?
    }

    /// The secrets that a route has learnt, newest first.
    package struct LearntSecrets: Codable, Sendable, Hashable {
        package var route: String
        package var secrets: [String]
    }

    /// What forgetting learnt secrets came to.
    package struct ForgottenSecrets: Codable, Sendable, Hashable {
        package var secrets: Int
    }

    /// What a reload came to.
    package struct Reloaded: Codable, Sendable, Hashable {
        package var version: Int
        package var routes: Int
        package var problems: [String]
        package var warnings: [String]
        package var certificateProblem: String?
        /// What can be done now, a line each; nothing from a gateway of an earlier version.
        package var notices: [String]?
    }

    /// A route table: of a running gateway, or what a folder's files make.
    package struct Routes: Codable, Sendable, Hashable {
        /// Nothing for a folder.
        package var gateway: TableState?
        /// Why the last load failed, or why the folder makes no table, a line each.
        package var problems: [String]
        /// In the order of the files and of the routes in them.
        package var routes: [RouteSummary]
        /// What needs attention although the table is loaded, a line each; nothing if there is none.
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
        /// Counts the loaded tables, from 1.
        package var version: Int
        /// When it was loaded, and when a load was last tried, in milliseconds since the epoch.
        package var since: Int64
        package var triedAt: Int64
        /// What that came to: `success` or `failure`.
        package var result: String
        /// Whether the files on disk, secret files included, are the loaded ones: `in_force`, `changed` or
        /// `unreadable`.
        package var files: String
    }
}
