internal import CSluiceLinux
internal import Glibc

/// How the process's memory is got from the system, and who may see it.
package enum ProcessMemory {
    /// Keeps the resident size flat in a process in which one thread allocates what another one frees.
    ///
    /// By default glibc lets each thread have a pool of its own, up to eight a processor, and after the first large buffer keeps all that
    /// follow in them (`man 3 mallopt`). A gateway's request bodies and batches then spread over all pools and stay there. Called once,
    /// before there are other threads.
    package static func limitPools() {
        // 1 is success; a system that refuses works with its defaults.
        mallopt(M_ARENA_MAX, 4)
        mallopt(M_MMAP_THRESHOLD, 1 << 20)
        mallopt(M_TRIM_THRESHOLD, 1 << 20)
    }

    /// Gives freed memory back to the system, which glibc keeps as long as anything behind it is in use (`man 3 malloc_trim`). Takes
    /// milliseconds, during which other threads may wait for memory.
    package static func trim() {
        malloc_trim(0)
    }

    /// Keeps keys, secrets and payloads in this process: no core file is written, and other processes of the same user can neither
    /// attach to it nor read its memory (`man 2 prctl`, PR_SET_DUMPABLE; `man 2 getrlimit`, RLIMIT_CORE).
    package static func hide() {
        // Both fail only for arguments that the system does not know, and then there is nothing to hide from.
        _ = sluice_prctl(PR_SET_DUMPABLE, 0)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        // Reads the structure given, no more.
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }
}
