internal import CSluiceSQLite
internal import Glibc
internal import SluiceBase

/// An error of an SQLite call.
package struct SQLiteError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The extended result code, such as `SQLITE_IOERR_FSYNC`.
    package let code: Int32
    /// The `errno` of the failed system call, or 0.
    package let systemError: Int32
    /// SQLite's message. It names tables and columns, never a value. The schema of a damaged file can contain any
    /// names: control characters are escaped.
    package let message: String

    package init(code: Int32, systemError: Int32 = 0, message: String) {
        self.code = code
        self.systemError = systemError
        self.message = PrintableText.escape(message, limit: .max)
    }

    /// Classes of errors, by their remedy.
    package enum Kind: Sendable, Hashable {
        /// No space, or no quota, is left.
        case diskFull
        /// The file is not a database, or is damaged.
        case damaged
        /// Another process has locked the file.
        case busy
        /// A read, a write or a sync failed, or SQLite ran out of a resource. The contents of the disk are unknown.
        case failed
    }

    /// The class of this error.
    package var kind: Kind {
        // A sync that found no space is treated like any failed sync: the contents of the disk are unknown.
        if meansFullDisk, !Self.failedSyncs.contains(code) { return .diskFull }
        return switch code & 0xFF {
        case SQLITE_NOTADB, SQLITE_CORRUPT: .damaged
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        default: .failed
        }
    }

    /// Whether the disk is full, so that releasing the reserve may help.
    package var meansFullDisk: Bool { systemError == ENOSPC || systemError == EDQUOT || code & 0xFF == SQLITE_FULL }

    /// `SQLITE_IOERR_FSYNC` and `SQLITE_IOERR_DIR_FSYNC`, macros that Swift does not import.
    private static let failedSyncs: [Int32] = [SQLITE_IOERR | 4 << 8, SQLITE_IOERR | 5 << 8]

    package var description: String {
        let cause = systemError == 0 ? "" : ", \(SystemError.text(systemError))"
        return "\(message) (SQLite \(code)\(cause))"
    }
}

/// Texts of the operating system's error numbers.
enum SystemError {
    /// For example `No space left on device`, in the C locale.
    static func text(_ number: Int32) -> String {
        // The text belongs to the C library and is copied immediately.
        guard let text = unsafe strerror(number) else { return "error \(number)" }
        return unsafe String(cString: text)
    }
}
