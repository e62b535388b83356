import SluiceBase

@testable import SluiceOutbox

/// What people do, and what a relay does that is not simulated.
extension Simulation {
    func setAside() throws {
        guard let job = try pendingJobs().randomElement(using: &random) else { return }
        if chance(30) {
            change([job.number], to: .parked) { try store.park([job.id], because: .unlicensed) }
        } else if chance(50) {
            change([job.number], to: .setAside) { try store.park([job.id], because: .refused("503")) }
        } else {
            change([job.number], to: .dead) {
                try store.deadLetter([FailedJob(job: job.id, reason: .badField, detail: "No.")])
            }
        }
    }

    /// A job that was set aside was sent again: Zizq accepted it, or refused it with its own word.
    func takeBack() throws {
        guard let number = try rows("SELECT type FROM parked WHERE set_aside = 1").randomElement(using: &random)
        else { return }
        let sql = "SELECT job FROM parked WHERE type = 'push-\(number)-0'"
        guard let id = try store.session.connection.integer(sql) else { return }
        let isAccepted = chance(60)
        change([number], to: isAccepted ? .delivered : .pending) {
            try store.takeBack([id], acknowledgements: isAccepted ? [Acknowledgement(job: id, zizqID: "z")] : [])
        }
    }

    func person() throws {
        // The relay has often read the first ones and not sent them yet.
        let pending = try pendingJobs()
        if chance(40), let job = pending.prefix(chance(50) ? 5 : .max).randomElement(using: &random) {
            change([job.number], to: .dead) { _ = try store.bury(job.id) }
            return
        }
        if chance(30) {
            let parked = accepted.values.filter { $0.fates.contains(.parked) }.map(\.number)
            change(parked, to: .pending) { while try store.unpark(limit: 500) == 500 {} }
            return
        }
        guard let letter = try store.queries.deadLetters(after: 0).randomElement(using: &random) else { return }
        let number = try rows("SELECT type FROM dead_letters WHERE id = \(letter.id)")[0]
        if chance(50) {
            change([number], to: .pending) { _ = try store.retryDeadLetter(letter.id) }
        } else {
            change([number], to: .discarded) { _ = try store.replaceDeadLetter(letter.id, with: []) }
        }
    }

    /// Delivered jobs are sent again, dead letters go to a file and come back.
    func letters() throws {
        if chance(40) { return try replay() }
        if chance(50), let letter = exported.randomElement(using: &random) {
            guard accepted[letter.number]?.fates == [.discarded] else { return }
            change([letter.number], to: .dead) {
                _ = try store.importDeadLetter(letter.content)
                let again = try store.importDeadLetter(letter.content)
                if again.isNew { violate("the letter of job \(letter.number) is imported twice") }
            }
            return
        }
        guard let letter = try store.queries.deadLetters(after: 0).randomElement(using: &random) else { return }
        guard let content = try store.queries.deadLetter(letter.id), let job = content.job else { return }
        exported.append((Self.number(of: job), content))
        change([Self.number(of: job)], to: .discarded) { _ = try store.discardDeadLetter(letter.id, forgetsKey: false) }
    }

    func replay() throws {
        guard let job = try store.queries.jobs(.delivered, after: 0).randomElement(using: &random),
            let found = try rows("SELECT type FROM jobs WHERE id = \(job.id)").first,
            accepted[found]?.fates == [.delivered]
        else { return }
        zizq?.mayComeAgain.insert(found)
        change([found], to: .pending) { _ = try store.replay([job.id]) }
    }

    /// A person has keys forgotten.
    func forget() {
        guard let key = newest.keys.sorted().randomElement(using: &random) else { return }
        do {
            _ = try store.forgetKeys([Fingerprint(number: key)])
            newest[key] = nil
            chains[key] = nil
        } catch {
            perhapsForgotten.insert(key)
        }
    }

    /// A backup that is made between deliveries has what the outbox has.
    func backUp() throws {
        guard !isFaulty else { return }
        let copy = Fixture { $0 = self.fixture.configuration }
        copy.configuration.vfs = Fixture.unsynced.name
        copy.configuration.path = copy.folder.file("outbox.db")
        copy.folder.write([], to: "outbox.db")
        try store.beginBackup(to: copy.configuration.path)
        while try !store.continueBackup() { deliver() }
        copy.time.setWall(milliseconds: fixture.time.wallMilliseconds())
        let (here, there) = (store.status, try copy.open().status)
        if (here.pendingJobs, here.deadLetters, here.rememberedKeys) != (
            there.pendingJobs, there.deadLetters, there.rememberedKeys
        ) {
            violate("the backup has other figures: \(there), here \(here)")
        }
    }
}
