import Glibc
import SluiceBase
import Testing

@testable import SluiceOutbox

/// The outbox and the relay under everything at once, by a seed: deliveries, repetitions, people's commands, full
/// disks, failing syncs, power cuts at any write that lose what was not synced, clocks that are set or ahead at a
/// start, dedupe windows that change, time, requests in the quarantine, secrets that are learnt, and salvages of copies
/// with overwritten pages. In every second run the lanes of the relay send to a queue that is away, refuses jobs or
/// loses answers; in the others jobs are acknowledged in any order. What must hold is asked after each step.
///
/// `make simulate SEEDS=1000` runs more seeds; one that fails does the same again: `SIMULATE_FIRST=17 SEEDS=1`.
struct SimulationTests {
    static var seeds: Range<Int> {
        func number(_ name: String) -> Int? { unsafe getenv(name).flatMap { unsafe Int(String(cString: $0)) } }
        let first = number("SIMULATE_FIRST") ?? 1
        return first..<(first + (number("SIMULATE_SEEDS") ?? 24))
    }

    @Test("nothing acknowledged is lost, doubled, kept for ever or forgotten too early", arguments: seeds)
    func holds(seed: Int) async throws {
        let simulation = try await Simulation(seed: seed)
        try await simulation.run(steps: 250)
        #expect(simulation.violations.isEmpty, "seed \(seed): \(simulation.violations.prefix(5))")
    }

    @Test("a seed does the same again", arguments: [1, 2, 6])
    func repeats(seed: Int) async throws {
        let (one, other) = (try await Simulation(seed: seed), try await Simulation(seed: seed))
        for simulation in [one, other] { try await simulation.run(steps: 250) }
        #expect(one.accepted.mapValues(\.fates) == other.accepted.mapValues(\.fates))
        #expect(one.random.next() == other.random.next())
    }

    /// What an error in the outbox could do to the file, and the simulation must see.
    static let sabotage = [
        "a pending job is lost": "DELETE FROM jobs WHERE id = (SELECT first_pending FROM progress)",
        "a job is delivered that was not":
            "INSERT OR IGNORE INTO delivered (job, at, zizq_id) SELECT id, 0, 'z' FROM jobs ORDER BY id DESC LIMIT 1",
        "a delivered job is pending again": "DELETE FROM delivered",
        "keys are forgotten early": "DELETE FROM deliveries WHERE expires_at - received_at >= 600000",
        "a key loses its row": "UPDATE deliveries SET key = NULL",
        "a key ends early": "UPDATE deliveries SET expires_at = received_at + 1",
        "keys stay for ever": "UPDATE deliveries SET expires_at = expires_at + 1000000000000",
        "earlier bodies are forgotten": "UPDATE deliveries SET supersedes = NULL",
        "a body is another one": "UPDATE deliveries SET body_hash = zeroblob(16)",
        "a parked job is lost": "DELETE FROM parked",
        "a dead letter is lost": "DELETE FROM dead_letters",
        "the index lacks a run": "DELETE FROM key_runs",
        "jobs change places": """
        CREATE TEMP TABLE pending AS SELECT id, type FROM jobs WHERE id NOT IN (SELECT job FROM delivered);
        UPDATE jobs SET type = ifnull((SELECT pending.type FROM pending
            WHERE pending.id = (SELECT min(id) + max(id) FROM pending) - jobs.id), type)
            WHERE id IN (SELECT id FROM pending)
        """,
        "a job that was set aside waits for a licence": "UPDATE parked SET set_aside = NULL",
        "walks are ahead": "UPDATE forgetting SET next = 1000000",
        "a letter is imported twice": "UPDATE dead_letters SET imported = NULL",
        "a quarantined request is lost": "DELETE FROM quarantine WHERE id = (SELECT max(id) FROM quarantine)",
        "a quarantined request expires early": "UPDATE quarantine SET expires_at = received_at",
        "a quarantined request stays for ever": "UPDATE quarantine SET expires_at = expires_at + 1000000000000",
        "a verified request stays":
            "CREATE TRIGGER stays BEFORE DELETE ON quarantine BEGIN SELECT raise(IGNORE); END",
        "requests are kept twice": """
        CREATE TRIGGER twice AFTER INSERT ON quarantine WHEN new.sender NOT LIKE '192.0.2.9%' BEGIN
            INSERT INTO quarantine (route, received_at, expires_at, sender, reason, bytes, checksum, request)
            VALUES (new.route, new.received_at, new.expires_at, '192.0.2.9', new.reason, new.bytes, new.checksum,
                new.request);
        END
        """,
        "a learnt secret is lost": "DELETE FROM learnt_secrets WHERE id = (SELECT max(id) FROM learnt_secrets)",
        "old secrets are kept":
            "CREATE TRIGGER stays BEFORE DELETE ON learnt_secrets BEGIN SELECT raise(IGNORE); END",
        "secrets change places": "UPDATE learnt_secrets SET id = -id",
    ]

    @Test("each of these errors is found by some seed", arguments: sabotage.keys.sorted())
    func sabotaged(name: String) async throws {
        let sql = try #require(Self.sabotage[name])
        for seed in 1...12 {
            let simulation = try await Simulation(seed: seed, sabotage: sql)
            // A start that finds damage is also one.
            do { try await simulation.run(steps: 250) } catch is StartupError { return }
            if !simulation.violations.isEmpty { return }
        }
        Issue.record("no seed finds it")
    }

    @Test("each of these errors of the relay is found by some seed", arguments: SimulatedRelay.Fault.allCases)
    func sabotagedRelay(fault: SimulatedRelay.Fault) async throws {
        for seed in stride(from: 2, through: 48, by: 2) {
            let simulation = try await Simulation(seed: seed, fault: fault)
            try await simulation.run(steps: 250)
            if !simulation.violations.isEmpty { return }
        }
        Issue.record("no seed finds it")
    }

    @Test("each of these errors of a salvage is found by some seed", arguments: Simulation.SalvageFault.allCases)
    func sabotagedSalvage(fault: Simulation.SalvageFault) async throws {
        for seed in 1...24 {
            let simulation = try await Simulation(seed: seed, salvageFault: fault)
            try await simulation.run(steps: 250)
            if !simulation.violations.isEmpty { return }
        }
        Issue.record("no seed finds it")
    }

    @Test("a start that believes a clock that is ahead is found by some seed")
    func sabotagedStart() async throws {
        for seed in 1...24 {
            let simulation = try await Simulation(seed: seed, believesClock: true)
            try await simulation.run(steps: 250)
            if !simulation.violations.isEmpty { return }
        }
        Issue.record("no seed finds it")
    }

    @Test("a disk that does not sync is found by some seed")
    func sabotagedSyncs() async throws {
        for seed in 1...12 {
            let simulation = try await Simulation(seed: seed, syncs: false)
            do { try await simulation.run(steps: 250) } catch { return }
            if !simulation.violations.isEmpty { return }
        }
        Issue.record("no seed finds it")
    }
}
