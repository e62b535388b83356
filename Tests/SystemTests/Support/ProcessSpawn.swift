internal import Glibc
import SluiceNet

/// `posix_spawn`.
enum ProcessSpawn {
    private typealias CloseFrom =
        @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32

    /// Starts a program with all signals as they are for a fresh process.
    ///
    /// - Parameters:
    ///   - words: the program's path and its arguments.
    ///   - input, output, errors: what it gets as its standard descriptors.
    static func start(
        _ words: [String], environment: [String: String], input: Int32, output: Int32, errors: Int32
    ) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        for (descriptor, standard) in [(input, STDIN_FILENO), (output, STDOUT_FILENO), (errors, STDERR_FILENO)] {
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, standard)
        }
        // A pipe of another test that it inherits would not end before this process does.
        // Swift does not import this function of glibc.
        if let close = unsafe dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") {
            _ = unsafe unsafeBitCast(close, to: CloseFrom.self)(&actions, STDERR_FILENO + 1)
        }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let arguments = CStrings(words)
        let variables = CStrings(environment.map { "\($0.key)=\($0.value)" })
        var id: pid_t = 0
        let code = unsafe posix_spawn(&id, words[0], &actions, &attributes, arguments.pointers, variables.pointers)
        guard code == 0 else { throw SystemCallError("posix_spawn", code: code) }
        return id
    }
}

/// Texts in the form that C takes a list of them, freed with their owner.
@safe
private final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        unsafe pointers = .allocate(capacity: count + 1)
        for (index, text) in texts.enumerated() { unsafe pointers[index] = strdup(text) }
        unsafe pointers[count] = nil
    }

    deinit {
        for index in 0..<count { unsafe free(pointers[index]) }
        unsafe pointers.deallocate()
    }
}
