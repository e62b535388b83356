/// The statements that run repeatedly, for the store and for the benchmark that measures what SQLite alone can do. The
/// comments list the parameters.
package enum Statements {
    // MARK: Transactions

    /// Takes the write lock immediately, so that no statement inside waits for it.
    package static let begin = "BEGIN IMMEDIATE"
    /// Returns when the log is synced.
    package static let commit = "COMMIT"
    /// After an error; many errors have rolled back by themselves.
    package static let rollback = "ROLLBACK"

    // MARK: Ingest, for each delivery

    /// In the order of the columns.
    package static let insertDelivery = """
        INSERT INTO deliveries (id, delivery_id, route, received_at, expires_at, last_job, generation, supersedes, \
        key, body_hash)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        """
    /// In the order of the columns.
    package static let insertJob = """
        INSERT INTO jobs (id, delivery, position, stored_at, type, queue, unique_key, unique_while, options, \
        checksum, payload, own_key)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
        """
    /// 1: id.
    package static let selectKeyEntries = "SELECT entries FROM key_entries WHERE id = ?1"
    /// 1: id.
    package static let selectKeyFilter = "SELECT filter FROM key_filters WHERE id = ?1"
    /// 1: id, 2: entries. Overwrites a row that is no longer needed, which costs one page.
    package static let saveKeyEntries = "REPLACE INTO key_entries (id, entries) VALUES (?1, ?2)"
    /// 1: id, 2: filter.
    package static let saveKeyFilter = "REPLACE INTO key_filters (id, filter) VALUES (?1, ?2)"
    /// 1: run, 2: contents.
    package static let saveKeyRun = "INSERT INTO key_runs (run, contents) VALUES (?1, ?2)"
    /// 1: run.
    package static let deleteKeyRun = "DELETE FROM key_runs WHERE run = ?1"

    // MARK: Ingest, sometimes

    /// 1: id.
    package static let selectDelivery = """
        SELECT delivery_id, expires_at, last_job, generation, supersedes, body_hash, key_forgotten, key, received_at \
        FROM deliveries WHERE id = ?1
        """
    /// In the order of the columns; 6–11 and 15 are NULL without a job.
    package static let insertDeadLetter = """
        INSERT INTO dead_letters (
            delivery, died_at, reason, detail, bytes, type, queue, unique_key, unique_while, options, payload, \
            element, rule,
            job, checksum, rule_kind, rule_type, rule_queue, rule_digest)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
        """
    /// In the order of the columns.
    package static let insertRequest = """
        INSERT INTO requests (delivery, last_part, with_jobs, job, first_job, jobs, bytes, request)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        """
    /// As `OutboxStore.saveProgress` binds it.
    package static let updateProgress = """
        UPDATE progress SET first_pending = ?1, last_finished = ?2, next_delivery = ?3, seen_end = ?4, keys = ?5,
            dead_letters = ?6, dead_letter_bytes = ?7, parked = ?8, parked_bytes = ?9,
            next_position = ?10, keys_end = ?11, finished = ?12, checksum = ?13 WHERE id = 1
        """

    // MARK: Delivery

    private static let pending = """
        SELECT id, delivery, stored_at, type, queue, unique_key, unique_while, options, checksum, payload, \
        own_key FROM jobs AS job
        WHERE id BETWEEN ?1 AND ?3 AND NOT EXISTS (SELECT 1 FROM delivered WHERE delivered.job = job.id)
        """
    /// 1: the first id, 2: the number, 3: the last id. Jobs in the order of sending.
    package static let selectPending = "\(pending) ORDER BY id LIMIT ?2"
    /// The same; 4: of this queue.
    package static let selectPendingOfQueue = "\(pending) AND queue = ?4 ORDER BY id LIMIT ?2"
    /// 1: job, 2: time, 3: Zizq's id, 4: 1 if that is an older job's.
    package static let insertDelivered =
        "INSERT INTO delivered (job, at, zizq_id, dropped) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING"
    /// 1: the first id. The position of the oldest job from there on.
    package static let selectFirstFrom = "SELECT id, position, stored_at FROM jobs WHERE id >= ?1 ORDER BY id LIMIT 1"
    /// 1: id. A pending job.
    package static let selectJob = """
        SELECT id, delivery, stored_at, type, queue, unique_key, unique_while, options, checksum, payload, \
        own_key FROM jobs AS job
        WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM delivered WHERE delivered.job = job.id)
        """
    /// 1: id. The delivery of a job.
    package static let selectJobDelivery = "SELECT delivery FROM jobs WHERE id = ?1"
    /// 1: id.
    package static let deleteJob = "DELETE FROM jobs WHERE id = ?1"
    /// 1: delivery, 2: a job of it that was appended later.
    package static let setLastJob = "UPDATE deliveries SET last_job = max(last_job, ?2) WHERE id = ?1"

    // MARK: Retention

    /// 1: the first pending job, 2: the number of rows to read, 3: delivered until this time, 4: or with an id below
    /// this. The last job to remove.
    package static let selectTimeCut = """
        SELECT max(job) FROM (SELECT job, at FROM delivered WHERE job < ?1 ORDER BY job LIMIT ?2)
        WHERE at <= ?3 OR job < ?4
        """
    /// 1: a job, 2: a time. The first kept job from there on that was delivered until then.
    package static let selectOldestDelivered =
        "SELECT job, at FROM delivered WHERE job >= ?1 AND at <= ?2 ORDER BY job LIMIT 1"
    /// 1: the first pending job, 2: the number of rows to read, 3: the position before which jobs are removed. The last
    /// job to remove.
    package static let selectBytesCut = """
        SELECT max(id) FROM (SELECT id, position FROM jobs WHERE id < ?1 ORDER BY id LIMIT ?2) WHERE position < ?3
        """
    /// 1: the first pending job, 2: the number of rows to read. The positions of delivered jobs, if there are requests
    /// between them.
    package static let selectPositions = "SELECT id, position FROM jobs WHERE id < ?1 ORDER BY id LIMIT ?2"
    /// 1: the first pending job. The requests that only delivered jobs need.
    package static let selectRequestsOfDelivered =
        "SELECT job, bytes FROM requests WHERE job > 0 AND job < ?1 ORDER BY job"
    /// 1: the last id. Deletes only delivered jobs.
    package static let deleteJobsThrough =
        "DELETE FROM jobs WHERE id <= ?1 AND EXISTS (SELECT 1 FROM delivered WHERE job = jobs.id)"
    /// 1: the last job.
    package static let deleteDeliveredThrough = "DELETE FROM delivered WHERE job <= ?1"

    // MARK: Kept requests

    /// 1: a row of the delivery. The nearest request before it, which is its own if the second column is not below it.
    package static let selectRequest = """
        SELECT delivery, last_part, with_jobs, job, bytes FROM requests WHERE delivery <= ?1 ORDER BY delivery DESC \
        LIMIT 1
        """
    /// 1 and 2: first and last row of the delivery, 3: 1 to count everything, 0 to count only dead letters without a
    /// job.
    package static let isRequestHeld = """
        SELECT EXISTS (SELECT 1 FROM dead_letters WHERE delivery BETWEEN ?1 AND ?2 AND (?3 OR type IS NULL))
            OR (?3 AND EXISTS (SELECT 1 FROM parked WHERE delivery BETWEEN ?1 AND ?2))
        """
    /// 1 and 2: first and last row of the delivery.
    package static let selectLastJob = "SELECT max(last_job) FROM deliveries WHERE id BETWEEN ?1 AND ?2"
    /// 1: the request, 2: the job that it is kept for.
    package static let setRequestJob = "UPDATE requests SET job = ?2 WHERE delivery = ?1"
    /// 1: the request.
    package static let deleteRequest = "DELETE FROM requests WHERE delivery = ?1"
    /// 1 and 2: the first job, and the one after the last. Sizes are limited as in `Statement.size`.
    package static let sumRequests =
        "SELECT sum(min(max(bytes, 0), \(Int32.max))) FROM requests WHERE job >= ?1 AND job < ?2"
    /// 1: the oldest job in the outbox.
    package static let deleteRequestsBefore = "DELETE FROM requests WHERE job > 0 AND job < ?1"

    // MARK: Forgetting

    /// 1: the first id, 2: the number. The last column: whether it has a dead letter or a parked job.
    package static let selectDeliveriesFrom = """
        SELECT id, key IS NOT NULL, received_at, expires_at, last_job,
            EXISTS (SELECT 1 FROM dead_letters WHERE dead_letters.delivery = deliveries.id)
            OR EXISTS (SELECT 1 FROM parked WHERE parked.delivery = deliveries.id), route
        FROM deliveries WHERE id >= ?1 ORDER BY id LIMIT ?2
        """
    /// 1: delivery.
    package static let hasDeadOrParked = """
        SELECT EXISTS (SELECT 1 FROM dead_letters WHERE delivery = ?1) OR EXISTS (SELECT 1 FROM parked WHERE delivery \
        = ?1)
        """
    /// 1: the first id.
    package static let selectFirstDelivery = "SELECT id FROM deliveries WHERE id >= ?1 ORDER BY id LIMIT 1"
    /// 1 and 2: the first id, and the one after the last; 3: now. The first row that was not received later.
    package static let selectReceived = """
        SELECT id, received_at FROM deliveries WHERE id >= ?1 AND id < ?2 AND received_at <= ?3 ORDER BY id LIMIT 1
        """
    /// 1 and 2: the first id and the last.
    package static let deleteDeliveries = "DELETE FROM deliveries WHERE id BETWEEN ?1 AND ?2"
    /// 1: window, 2: the next row.
    package static let deleteWalk = "DELETE FROM forgetting WHERE window = ?1"
    /// 1: window.
    package static let saveWalk = """
        INSERT INTO forgetting (window, next) VALUES (?1, ?2) ON CONFLICT (window) DO UPDATE SET next = excluded.next
        """
    /// 1: id.
    package static let deleteKeyEntries = "DELETE FROM key_entries WHERE id = ?1"
    /// 1: id.
    package static let deleteKeyFilter = "DELETE FROM key_filters WHERE id = ?1"
    /// 1: key. In the index of format 3.
    package static let selectSeen = "SELECT delivery FROM seen WHERE key = ?1"
    /// Deletes some of the index of format 3.
    package static let deleteSeen = "DELETE FROM seen WHERE key IN (SELECT key FROM seen ORDER BY key LIMIT 1000)"

    /// 1: delivery. The row stays in lists while a delivered job of it is kept.
    package static let dropKey = "UPDATE deliveries SET key = NULL WHERE id = ?1"
    /// 1: delivery. Its key.
    package static let selectKey = "SELECT key FROM deliveries WHERE id = ?1"
    /// 1: delivery, 2: now. The key is no longer found; the row stays for another window, so that the next delivery
    /// with the key continues its generations.
    package static let forgetKey = """
        UPDATE deliveries SET key_forgotten = 1, expires_at = max(expires_at, ?2 + expires_at - received_at) WHERE id \
        = ?1
        """

    // MARK: Parked jobs and dead letters

    /// 1: job, 2: time, 3: reason, 4: 1 if it is refused while others are accepted.
    package static let insertParked = """
        INSERT INTO parked (job, delivery, at, stored_at, detail, type, queue, unique_key, unique_while, options, \
        checksum, payload, own_key, set_aside)
        SELECT id, delivery, ?2, stored_at, ?3, type, queue, unique_key, unique_while, options, checksum, payload, \
        own_key, ?4 FROM jobs WHERE id = ?1
        """
    private static let parkedColumns = """
        job, delivery, stored_at, type, queue, unique_key, unique_while, options, checksum, payload, own_key
        """
    /// 1: the number, oldest first. Those that wait for a licence.
    package static let selectParked =
        "SELECT \(parkedColumns) FROM parked WHERE set_aside IS NULL ORDER BY job LIMIT ?1"
    /// 1: after this job. The next ones that were set aside; a bounded number.
    package static let selectSetAside =
        "SELECT job, queue FROM parked WHERE job > ?1 AND set_aside = 1 ORDER BY job LIMIT 10000"
    /// 1: job.
    package static let selectParkedJob = "SELECT \(parkedColumns) FROM parked WHERE job = ?1"
    /// 1: job.
    package static let deleteParked = "DELETE FROM parked WHERE job = ?1"
    /// 1: id.
    package static let selectDeadLetter = """
        SELECT delivery, bytes, reason, type, queue, unique_key, unique_while, options, checksum, payload FROM \
        dead_letters WHERE id = ?1
        """
    /// 1: job. The dead letter that it became.
    package static let selectDeadLetterOfJob = "SELECT id, delivery, bytes FROM dead_letters WHERE job = ?1"
    /// 1: id.
    package static let deleteDeadLetter = "DELETE FROM dead_letters WHERE id = ?1"
}
