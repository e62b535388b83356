internal import Logging
internal import SluiceBase
internal import SluiceNet
internal import Synchronization

/// Keeps the certificate of the public listener up to date: reads it again when its files change, or on request. A pair
/// that does not work leaves the current one in use. Warns once a day before it expires. Can be used from any thread.
final class CertificateKeeper: Sendable {
    /// The metadata that is compared between checks: names, sizes and times of both files.
    private typealias Metadata = [FileAccess.Status?]

    private struct State {
        var loaded: Metadata
        var pending: Metadata?
        /// The days left at the last warning.
        var toldDays: Int?
        /// Why the pair on disk is not loaded, and when that was last logged, in monotonic nanoseconds.
        var problem: (text: String, toldAt: Int64)?
    }

    /// The number of days below which it warns. Authorities renew a month before.
    private static let alarmingDays = 14
    /// The interval of retries and errors for a pair that does not match.
    private static let repetition: Int64 = 600_000_000_000

    let slot: TLSServerContextSlot
    private let certificatePath: String
    private let keyPath: String
    /// Shared by all certificates, so that a reload ends no session.
    private let ticketKeys: TLSTicketKeys
    private let time: any TimeSource
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads the pair for the first time.
    init(certificatePath: String, keyPath: String, time: any TimeSource, logger: Logger) throws(StartupError) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
        self.time = time
        self.logger = logger
        ticketKeys = TLSTicketKeys(time: time)
        state = Mutex(State(loaded: Self.metadata(certificatePath, keyPath)))
        do throws(TLSError) {
            slot = TLSServerContextSlot(
                try TLSServerContext(certificatePath: certificatePath, keyPath: keyPath, ticketKeys: ticketKeys))
        } catch {
            throw StartupError(.wrongInput, "tls.certificate, tls.key: \(error)")
        }
        warnOfChain()
    }

    /// Why the pair on disk is not loaded; `nil` if it is.
    var problem: String? { state.withLock { $0.problem?.text } }

    /// Notices about the certificate for `sluice routes`, one line each.
    var notices: [String] { [problem].compactMap(\.self) + slot.context.chainWarnings }

    /// Days until the current certificate expires; negative after that.
    func daysToExpiry(at time: any TimeSource) -> Double {
        Double(slot.context.expiresAt - time.wallMilliseconds() / 1000) / 86_400
    }

    /// Checks the files; loads them when two consecutive checks have seen the same change, and regularly while they do
    /// not match.
    func checkForChanges() {
        logExpiry()
        let now = Self.metadata(certificatePath, keyPath)
        let nanoseconds = time.monotonicNanoseconds()
        let mustLoad = state.withLock { state in
            guard now != state.loaded else {
                state.pending = nil
                return state.problem.map { nanoseconds - $0.toldAt >= Self.repetition } ?? false
            }
            guard now == state.pending else {
                state.pending = now
                return false
            }
            return true
        }
        if mustLoad { reload() }
    }

    /// Reads the pair again, with or without a change.
    ///
    /// - Returns: why it cannot be loaded; `nil` if it was.
    @discardableResult
    func reload() -> String? {
        let now = Self.metadata(certificatePath, keyPath)
        state.withLock { ($0.loaded, $0.pending) = (now, nil) }
        do throws(TLSError) {
            let context = try TLSServerContext(
                certificatePath: certificatePath, keyPath: keyPath, ticketKeys: ticketKeys)
            if context.expiresAt != slot.context.expiresAt { state.withLock { $0.toldDays = nil } }
            slot.replace(with: context)
            state.withLock { $0.problem = nil }
            logger.notice("loaded the certificate", metadata: .fields([.file: certificatePath]))
            warnOfChain()
            return nil
        } catch {
            let problem = "cannot load the certificate; keeping the previous one: \(error)"
            let told = time.monotonicNanoseconds()
            state.withLock { $0.problem = (problem, told) }
            logger.error("\(problem)")
            return problem
        }
    }

    private func warnOfChain() {
        for warning in slot.context.chainWarnings { logger.warning("\(warning)") }
    }

    private func logExpiry() {
        let days = Int(daysToExpiry(at: time).rounded(.down))
        let isNews = state.withLock { state in
            guard days < Self.alarmingDays, state.toldDays != days else { return false }
            state.toldDays = days
            return true
        }
        guard isNews else { return }
        if days < 0 {
            logger.error(
                "the certificate has expired: providers reject it", metadata: .fields([.file: certificatePath]))
        } else {
            let left = days == 1 ? "1 day" : "\(days) days"
            logger.warning("the certificate expires in \(left)", metadata: .fields([.file: certificatePath]))
        }
    }

    private static func metadata(_ paths: String...) -> Metadata { paths.map { try? FileAccess.status(of: $0) } }
}
