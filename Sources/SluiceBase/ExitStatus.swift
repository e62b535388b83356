/// What the process ends with, after `sysexits.h` where it has a word for it.
package enum ExitStatus: Int32, CaseIterable, Sendable {
    /// All went well.
    case success = 0
    /// The input is wrong: route files, settings, an outbox that is not one.
    case wrongInput = 1
    /// The command line itself is wrong.
    case usage = 2
    /// What was asked about is refused: the request of `sluice explain`.
    case refused = 65
    /// Something it needs is not to be had: a port, a lock, a file, a server.
    case unavailable = 69
    /// A bug.
    case software = 70
}

/// An error that ends the command: one sentence for a person, and the status that the process exits with.
package struct FatalProblem: Error, Sendable, CustomStringConvertible {
    package let status: ExitStatus
    /// What is wrong, where, and what to do; one line, no secret.
    package let sentence: String

    package init(_ status: ExitStatus, _ sentence: String) {
        self.status = status
        self.sentence = sentence
    }

    package var description: String { sentence }
}
