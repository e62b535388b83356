package import SluiceBase

/// Where the outbox is and what its limits are. The names are those of the settings.
package struct OutboxConfiguration: Sendable {
    /// The database file. `.lock`, `.reserve`, `-wal` and `-shm` stand beside it.
    package var path: String
    /// The name of a registered SQLite VFS; nil for the system's. Tests inject faults with it.
    package var vfs: String?
    /// Pending and parked jobs, dead letters and their requests together; above it deliveries are refused with `outbox_full`.
    package var maximumBytes = ByteCount.gibibytes(10)
    /// Dead letters and their requests, a part of `maximumBytes`; above it deliveries that would become dead letters are refused with
    /// `dead_letters_full`. Nil for a quarter of `maximumBytes`.
    package var maximumDeadBytes: ByteCount?
    /// Remembered deliveries, each part for itself; over it the oldest that have no job here go first.
    package var maximumKeys = 100_000_000
    /// How long delivered jobs stay.
    package var keepDelivered = Duration.seconds(3600)
    /// How many bytes of delivered jobs and their requests stay.
    package var keepDeliveredBytes = ByteCount.gibibytes(1)
    /// How long a delivery waits for a transaction before it is refused with `commit_too_slow`.
    package var commitDeadline = Duration.seconds(5)
    /// How long opening waits for another process to let go of the lock.
    package var lockWait = Duration.seconds(30)
    /// Whether a network file system is accepted all the same.
    package var allowsNetworkFilesystem = false
    /// Whether root may open an outbox whose folder and files belong to another user, to look at it.
    package var trustsFolderOwner = false
    /// The file beside the database that is given up when the disk is full.
    package var reserve = ByteCount.mebibytes(64)
    /// SQLite's page cache for the writer.
    package var cache = ByteCount.mebibytes(8)
    /// The size of the write-ahead log at which it is copied into the database file.
    package var checkpointEvery = ByteCount.mebibytes(32)
    /// Keys held in memory before they are carried over into the sorted table.
    package var recentKeys = 65_536

    package init(path: String) { self.path = path }

    /// `maximumDeadBytes`, or what holds without it.
    package var deadLimit: ByteCount { maximumDeadBytes ?? ByteCount(bytes: maximumBytes.bytes / 4) }
}
