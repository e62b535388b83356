internal import CSluiceSQLite
internal import Glibc

/// What SQLite said when a call failed.
package struct SQLiteError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The extended result code (`SQLITE_IOERR_FSYNC` and the like).
    package let code: Int32
    /// The `errno` of the system call behind it, 0 where there was none.
    package let systemError: Int32
    /// SQLite's own sentence. It names tables and columns, never a value.
    package let message: String

    package init(code: Int32, systemError: Int32 = 0, message: String) {
        self.code = code
        self.systemError = systemError
        self.message = message
    }

    /// Classes of errors, by what can be done about them.
    package enum Kind: Sendable, Hashable {
        /// No space, or no quota, is left.
        case diskFull
        /// The file is not a database, or is damaged.
        case damaged
        /// Another process holds the file.
        case busy
        /// A read, a write or a sync failed, or SQLite ran out of something. What is on the disk is not known.
        case failed
    }

    /// What can be done about this one.
    package var kind: Kind {
        if systemError == ENOSPC || systemError == EDQUOT { return .diskFull }
        return switch code & 0xFF {
        case SQLITE_FULL: .diskFull
        case SQLITE_NOTADB, SQLITE_CORRUPT: .damaged
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        default: .failed
        }
    }

    package var description: String {
        let cause = systemError == 0 ? "" : ", \(SystemError.text(systemError))"
        return "\(message) (SQLite \(code)\(cause))"
    }
}

/// Texts of the operating system's error numbers.
enum SystemError {
    /// `No space left on device` and the like, in the C locale.
    static func text(_ number: Int32) -> String {
        // The text belongs to the C library and is copied at once.
        guard let text = unsafe strerror(number) else { return "error \(number)" }
        return unsafe String(cString: text)
    }
}
