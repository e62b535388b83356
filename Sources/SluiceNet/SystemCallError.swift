internal import CSluiceLinux
internal import Glibc

/// A system call that failed, with the system's own words for why.
package struct SystemCallError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The call, as `man 2` names it.
    package let call: String
    /// The `errno`.
    package let code: Int32

    package init(_ call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// The error of the call that has just failed on this thread.
    static func last(_ call: String) -> SystemCallError { SystemCallError(call, code: errno) }

    /// `bind: Address already in use`.
    package var description: String { "\(call): \(Self.message(code))" }

    /// The system's sentence for an `errno`.
    package static func message(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        // The XSI form writes a NUL-terminated string into the buffer, cut to its size.
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The system's words alone: `Address already in use`.
    package var reason: String { Self.message(code) }

    package var isAddressInUse: Bool { code == EADDRINUSE }
}
