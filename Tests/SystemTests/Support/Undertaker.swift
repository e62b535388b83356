internal import Glibc
import SluiceNet
import Synchronization

/// A process that outlives the tests just long enough to kill what they started and, because they crashed or were
/// killed, did not end.
final class Undertaker: Sendable {
    /// Of all tests of this process; nil where no shell could be started.
    static let shared = try? Undertaker()

    /// Its standard input: `+ 123` and `- 123` as processes come and go; its end is the end of the tests.
    private let input: Mutex<Int32>

    private static let script = """
        trap '' INT TERM HUP
        ids=' '
        while read -r sign id; do
            case $sign in
                +) ids="$ids$id " ;;
                -) ids="${ids%% $id *} ${ids#* $id }" ;;
            esac
        done
        for id in $ids; do kill -9 "$id"; done 2>/dev/null
        """

    private init() throws {
        let pipe = try ProcessPipe()
        _ = try ProcessSpawn.start(
            ["/bin/sh", "-c", Self.script], environment: [:], input: pipe.reading, output: STDOUT_FILENO,
            errors: STDERR_FILENO)
        pipe.closeReading()
        input = Mutex(pipe.writing)
    }

    func began(_ id: pid_t) { say("+ \(id)\n") }
    func ended(_ id: pid_t) { say("- \(id)\n") }

    private func say(_ line: String) {
        let bytes = Array(line.utf8)
        input.withLock { descriptor in
            _ = unsafe bytes.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
    }
}
