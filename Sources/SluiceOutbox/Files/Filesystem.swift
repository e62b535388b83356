internal import SluiceBase

/// The file system of the outbox.
package enum Filesystem {
    /// Whether it can keep the promise "a 2xx means stored".
    package enum Verdict: Sendable, Hashable {
        case suitable
        /// It works, but may lose its data: one sentence for the log.
        case warning(String)
        /// Its locks and syncs are not reliable: one sentence for the log or the exit.
        case unsuitable(String)
    }

    /// Checks the folder with the kernel's list of mounts; suitable without one.
    package static func verdict(forFolder folder: String) -> Verdict {
        verdict(forFolder: (try? FileAccess.resolve(folder)) ?? folder, mounts: .current())
    }

    /// - Parameter folder: an absolute path without links.
    static func verdict(forFolder folder: String, mounts: MountTable) -> Verdict {
        guard let kind = kind(ofFolder: folder, mounts: mounts) else { return .suitable }
        if ["tmpfs", "ramfs"].contains(kind) {
            return .warning("The outbox is on \(kind), in memory: its contents are lost when the machine stops.")
        }
        if kind == "overlay" {
            return .warning(
                "The outbox is on a container's own file system (overlay): its contents are lost with the container.")
        }
        if kind.hasPrefix("fuse"), !isNetwork(kind) {
            return .warning(
                "The outbox is on \(kind), a file system in user space: whether its locks and syncs are reliable "
                    + "depends on that program.")
        }
        guard isNetwork(kind) else { return .suitable }
        return .unsuitable(
            "The outbox is on a network file system (\(kind)), where SQLite's locks and syncs are not reliable.")
    }

    private static func isNetwork(_ kind: String) -> Bool {
        let names = ["cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "lustre", "afs", "beegfs", "gfs2", "ocfs2"]
        return kind.hasPrefix("nfs") || kind.hasPrefix("fuse.sshfs") || kind.hasPrefix("fuse.gluster")
            || names.contains(kind)
    }

    /// The type of the mount with the longest mount point above `folder`; the last of equal ones, which covers the
    /// others.
    private static func kind(ofFolder folder: String, mounts: MountTable) -> String? {
        var best: MountTable.Mount?
        for mount in mounts.mounts {
            let point = mount.point
            guard point == "/" || folder == point || folder.hasPrefix(point + "/") else { continue }
            if point.utf8.count >= best?.point.utf8.count ?? 0 { best = mount }
        }
        return best?.kind
    }
}
