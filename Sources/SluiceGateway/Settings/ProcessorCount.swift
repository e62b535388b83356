internal import SluiceBase

/// The number of processors that this process can use: those in its affinity, limited by the quota of its control
/// group.
package enum ProcessorCount {
    /// Reads `/proc` and `/sys/fs/cgroup`; at least 1.
    package static func available() -> Int {
        let allowed = FileAccess.text("/proc/self/status").flatMap(allowedProcessors(status:)) ?? 1
        let quota =
            FileAccess.text("/sys/fs/cgroup/cpu.max").flatMap(quotaVersion2)
            ?? quotaVersion1(
                quota: FileAccess.text("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
                period: FileAccess.text("/sys/fs/cgroup/cpu/cpu.cfs_period_us")
            )
        return max(1, min(allowed, quota ?? allowed))
    }

    /// Counts the line `Cpus_allowed_list:	0-3,8` of `/proc/self/status`.
    static func allowedProcessors(status: String) -> Int? {
        let prefix = "Cpus_allowed_list:"
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(prefix) }) else { return nil }
        var count = 0
        for part in line.dropFirst(prefix.count).split(separator: ",") {
            let ends = part.filter { !$0.isWhitespace }.split(separator: "-").map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, last >= first else { return nil }
            count += last - first + 1
        }
        return count > 0 ? count : nil
    }

    /// `150000 100000` (quota and period) is two processors, rounded up; `max 100000` means no quota.
    static func quotaVersion2(_ text: String) -> Int? {
        let parts = text.split { $0.isWhitespace }.map { Int($0) }
        guard parts.count == 2, let quota = parts[0], let period = parts[1], quota > 0, period > 0 else { return nil }
        return (quota + period - 1) / period
    }

    /// The two files of the older hierarchy; a quota of -1 means none.
    static func quotaVersion1(quota: String?, period: String?) -> Int? {
        guard let quota, let period else { return nil }
        return quotaVersion2("\(quota) \(period)")
    }
}
