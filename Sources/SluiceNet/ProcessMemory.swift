internal import CSluiceLinux

/// How the process's memory is got from the system.
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
}
