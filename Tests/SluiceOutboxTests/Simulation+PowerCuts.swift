import SluiceBase

@testable import SluiceOutbox

/// Power cuts: between steps, at any write of some steps, and at any write of the start after one.
extension Simulation {
    /// The files as a power cut leaves them, opened again: of what was not synced, any sectors may be there.
    ///
    /// - Parameter isCut: whether the power was cut during writes, and is cut again during some starts.
    func reopen(isCut: Bool = false) async throws {
        let before = store.status
        // What the queue has and the outbox does not know of comes again.
        zizq?.mayComeAgain.formUnion((zizq?.stored ?? [:]).keys.filter { accepted[$0]?.fates != [.delivered] })
        moved.formUnion(accepted.values.filter { $0.fates.contains(.setAside) }.map(\.number))
        var copy = afterPowerCut(fixture)
        for _ in 0..<(isCut ? pick(3) : 0) {
            let writes = 1 + pick(30)
            vfs.set { ($0.unsynced, $0.writesUntilCut) = ([:], writes) }
            // Closed only after its files were copied.
            let start = try? copy.open()
            if chance(50) { _ = start?.maintainIdle() }
            copy = withExtendedLifetime(start) { afterPowerCut(copy) }
        }
        (fixture, store) = (copy, try copy.open())
        if store.salvaged != nil, sabotage == nil { violate("the outbox is damaged after a power cut") }
        startOffset = clockOffset
        if believesClock { store.clock.start(after: nil) }
        try await startRelay()
        // The files of before are closed.
        vfs.set { $0.unsynced = [:] }
        if !isCut, sabotage == nil || step < 125 {
            let after = store.status
            if (before.pendingJobs, before.rememberedKeys, before.undeliveredBytes, before.parkedJobs)
                != (after.pendingJobs, after.rememberedKeys, after.undeliveredBytes, after.parkedJobs)
            {
                violate("other figures after a crash: \(before) \(after)")
            }
        }
    }

    /// The files of an outbox after a power cut, in a folder of their own.
    private func afterPowerCut(_ fixture: Fixture) -> Fixture {
        let copy = Fixture { $0 = fixture.configuration }
        copy.configuration.path = copy.folder.file("outbox.db")
        for (name, file) in [("outbox.db", FaultyVFS.File.database), ("outbox.db-wal", .log)] {
            copy.folder.write(vfs.afterPowerCut(fixture.folder.read(name), of: file, using: &random), to: name)
        }
        vfs.set { ($0.isCut, $0.writesUntilCut) = (false, nil) }
        copy.time.advance(by: .milliseconds(now - copy.time.monotonicNanoseconds() / 1_000_000))
        copy.time.setWall(milliseconds: fixture.time.wallMilliseconds())
        return copy
    }

    /// Cuts the power at any write of some steps. What fails then may have been done or not.
    func cutPower() async throws {
        if isFaulty { return settle() }
        if clockOffset != 0 { setClock() }
        isFaulty = true
        let writes = 1 + pick(60)
        vfs.set { $0.writesUntilCut = writes }
        for _ in 0...pick(4) {
            switch pick(8) {
            case 0, 1: deliver()
            case 2: relay == nil ? try acknowledge() : try await relaySteps(10)
            case 3: try person()
            case 4: try letters()
            case 5: forget()
            case 6: try quarantine()
            default:
                // A recovery is tried once a second.
                pass(.seconds(2))
                quiet()
            }
        }
        isFaulty = false
        try await reopen(isCut: true)
    }
}
