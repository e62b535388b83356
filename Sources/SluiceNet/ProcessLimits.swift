internal import CSluiceLinux
internal import Glibc

/// How the process gets memory from the system, and who may read it.
package enum ProcessMemory {
    /// Keeps the resident size stable in a process in which one thread frees what another one allocates.
    ///
    /// By default glibc gives each thread a separate pool, up to eight per processor, and after the first large buffer
    /// keeps all later ones in them (`man 3 mallopt`). A gateway's request bodies and batches then spread over all
    /// pools and stay there. Called once, before there are other threads.
    package static func limitPools() {
        // 1 means success; a system that refuses works with its defaults.
        mallopt(M_ARENA_MAX, 4)
        mallopt(M_MMAP_THRESHOLD, 1 << 20)
        mallopt(M_TRIM_THRESHOLD, 1 << 20)
    }

    /// Returns freed memory to the system, which glibc keeps while any later memory is in use (`man 3 malloc_trim`).
    /// Takes milliseconds, during which other threads may wait for memory.
    package static func trim() {
        malloc_trim(0)
    }

    /// Keeps keys, secrets and payloads in this process: no core file is written, and other processes of the same user
    /// can neither attach to it nor read its memory (`man 2 prctl`, PR_SET_DUMPABLE; `man 2 getrlimit`, RLIMIT_CORE).
    package static func disableDumps() {
        // Both fail only for arguments that the system does not support.
        _ = sluice_prctl(PR_SET_DUMPABLE, 0)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        // Only reads the given structure.
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }
}

/// The maximum number of open files, including sockets, of this process (man 2 getrlimit, RLIMIT_NOFILE).
package enum OpenFileLimit {
    /// Raises the limit as far as the system allows.
    ///
    /// - Returns: the new limit; `nil` if it is not known.
    package static func raise() -> Int? {
        var limit = rlimit()
        // Only reads and writes the given structure.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        let isRaised = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0
        return Int(clamping: isRaised ? raised.rlim_cur : limit.rlim_cur)
    }
}
