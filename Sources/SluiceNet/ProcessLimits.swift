internal import CSluiceLinux
internal import Glibc

/// How the process's memory is got from the system, and who may see it.
package enum ProcessMemory {
    /// Keeps the resident size flat in a process in which one thread allocates what another one frees.
    ///
    /// By default glibc lets each thread have a pool of its own, up to eight a processor, and after the first large
    /// buffer keeps all that follow in them (`man 3 mallopt`). A gateway's request bodies and batches then spread over
    /// all pools and stay there. Called once, before there are other threads.
    package static func limitPools() {
        // 1 is success; a system that refuses works with its defaults.
        mallopt(M_ARENA_MAX, 4)
        mallopt(M_MMAP_THRESHOLD, 1 << 20)
        mallopt(M_TRIM_THRESHOLD, 1 << 20)
    }

    /// Gives freed memory back to the system, which glibc keeps as long as anything behind it is in use (`man 3
    /// malloc_trim`). Takes milliseconds, during which other threads may wait for memory.
    package static func trim() {
        malloc_trim(0)
    }

    /// Keeps keys, secrets and payloads in this process: no core file is written, and other processes of the same user
    /// can neither attach to it nor read its memory (`man 2 prctl`, PR_SET_DUMPABLE; `man 2 getrlimit`, RLIMIT_CORE).
    package static func hide() {
        // Both fail only for arguments that the system does not know, and then there is nothing to hide from.
        _ = sluice_prctl(PR_SET_DUMPABLE, 0)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        // Reads the structure given, no more.
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }
}

/// How many files, sockets among them, this process may have open (man 2 getrlimit, RLIMIT_NOFILE).
package enum OpenFileLimit {
    /// Raises the limit as far as the system lets this process.
    ///
    /// - Returns: the limit from now on; nil where the system does not say.
    package static func raise() -> Int? {
        var limit = rlimit()
        // Reads and writes the structure given, no more.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        var raised = limit
        raised.rlim_cur = limit.rlim_max
        let isRaised = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0
        return Int(clamping: isRaised ? raised.rlim_cur : limit.rlim_cur)
    }
}
