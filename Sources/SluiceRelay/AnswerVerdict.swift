internal import SluiceBase
package import Zizq

/// The meaning of Zizq's answer to a batch: the table "What happens with each answer" of the architecture.
package enum AnswerVerdict: Sendable, Hashable {
    /// Every job was accepted; the results in order.
    case accepted([EnqueuedJob])
    /// One job is refused by its index; nothing in the batch was stored.
    case jobRefused(position: Int, text: String)
    /// A job is refused without an index; nothing in the batch was stored.
    case batchRefused(text: String)
    /// The server has no licence for something in the batch.
    case licenceMissing(LicensedFeature, text: String)
    /// The batch is too large for the server or for something in front of it.
    case tooLarge(text: String)
    /// The answer does not come from a usable Zizq server; the jobs are not the cause.
    case setUpWrong(text: String, mayHaveBeenStored: Bool)
    /// Send the same jobs again later.
    case retryLater(RetryReason)

    /// Why and when to send a batch again.
    package struct RetryReason: Sendable, Hashable {
        package let text: String
        /// The wait that the server requests.
        package let retryAfter: Duration?
        /// Whether the jobs may have been stored.
        package let isAmbiguous: Bool
        /// Whether the connection was lost, so that the next attempt may reach another server.
        package let isTransport: Bool
    }

    /// The maximum size of an id or a status that is stored and logged, in bytes; Zizq's ids have 25.
    private static let longestWord = 128

    /// - Parameters:
    ///   - result: of the client.
    ///   - jobs: the number of sent jobs.
    package init(_ result: Result<[EnqueuedJob], ZizqError>, jobs: Int) {
        switch result {
        case .success(let enqueued) where enqueued.count == jobs:
            let isReadable = enqueued.allSatisfy {
                max($0.id.utf8.count, $0.status.rawValue.utf8.count) <= Self.longestWord
            }
            self =
                isReadable
                ? .accepted(enqueued)
                : .setUpWrong(
                    text: "the answer has an id or a status of more than \(Self.longestWord) bytes",
                    mayHaveBeenStored: true)
        case .success(let enqueued):
            self = .setUpWrong(
                text: "the answer lists \(enqueued.count) jobs, but \(jobs) were sent", mayHaveBeenStored: true)
        case .failure(let error): self.init(error, jobs: jobs)
        }
    }

    private init(_ error: ZizqError, jobs: Int) {
        let text = PrintableText.escape(error.description)
        switch error {
        case .response(let answer): self.init(answer, error: error, text: text, jobs: jobs)
        case .transport:
            self = .retryLater(
                RetryReason(text: text, retryAfter: nil, isAmbiguous: error.isAmbiguous, isTransport: true))
        case .decoding: self = .setUpWrong(text: text, mayHaveBeenStored: true)
        case .invalidArgument: self = .setUpWrong(text: text, mayHaveBeenStored: false)
        }
    }

    private init(_ answer: ZizqError.RefusedResponse, error: ZizqError, text: String, jobs: Int) {
        if error.isRetryable {
            self = .retryLater(
                RetryReason(
                    text: text, retryAfter: answer.retryAfter, isAmbiguous: error.isAmbiguous, isTransport: false))
        } else if answer.status == 413 {
            self = .tooLarge(text: text)
        } else if let feature = error.licensedFeature {
            self = .licenceMissing(feature, text: text)
        } else if let said = answer.serverText, answer.status == 400 || answer.status == 422 {
            self.init(refusal: PrintableText.escape(said, limit: 1000), jobs: jobs)
        } else {
            self = .setUpWrong(text: text, mayHaveBeenStored: false)
        }
    }

    private init(refusal text: String, jobs: Int) {
        if let (position, reason) = Self.position(in: text), position < jobs {
            self = .jobRefused(position: position, text: reason)
        } else {
            self = .batchRefused(text: text)
        }
    }

    /// Parses `jobs[17]: queue must not contain ','`.
    private static func position(in text: String) -> (position: Int, reason: String)? {
        guard text.hasPrefix("jobs[") else { return nil }
        let rest = text.dropFirst("jobs[".count)
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        let behind = rest.dropFirst(digits.count)
        guard let position = Int(digits), behind.hasPrefix("]: ") else { return nil }
        return (position, String(behind.dropFirst(3)))
    }
}
