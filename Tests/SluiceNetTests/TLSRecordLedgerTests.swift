import Testing

@testable import SluiceNet

@Suite struct TLSRecordLedgerTests {
    private static func receive(_ count: Int, into ledger: inout TLSRecordLedger) {
        for _ in 0..<count { ledger.recordReceived() }
    }

    @Test("64 records without data may come, and the one that brings data is not one of them")
    func allowance() {
        var ledger = TLSRecordLedger()
        Self.receive(65, into: &ledger)
        #expect(!ledger.isFlooded)
        ledger.dataReceived(1)
        Self.receive(1, into: &ledger)
        #expect(!ledger.isFlooded)
        ledger.dataReceived(1)
        Self.receive(2, into: &ledger)
        #expect(ledger.isFlooded)
    }

    @Test("records that bring data are never too many")
    func data() {
        var ledger = TLSRecordLedger()
        for _ in 0..<100_000 {
            Self.receive(1, into: &ledger)
            ledger.dataReceived(1)
        }
        #expect(!ledger.isFlooded)
    }

    @Test("a KeyUpdate for each piece of data is a flood, and one for each 64 KiB is not")
    func rates() {
        for (bytes, isFlooded) in [(1, true), (32 * 1024, true), (64 * 1024, false)] {
            var ledger = TLSRecordLedger()
            for _ in 0..<1000 {
                Self.receive(2, into: &ledger)
                ledger.dataReceived(bytes)
            }
            #expect(ledger.isFlooded == isFlooded, "\(bytes) bytes")
        }
    }

    @Test("data never allows more than 64 records")
    func cap() {
        var ledger = TLSRecordLedger()
        Self.receive(1, into: &ledger)
        ledger.dataReceived(1 << 30)
        Self.receive(66, into: &ledger)
        #expect(ledger.isFlooded)
    }

    @Test("what the handshake took does not count against what follows")
    func handshake() {
        var ledger = TLSRecordLedger()
        Self.receive(60, into: &ledger)
        ledger.handshakeCompleted()
        Self.receive(65, into: &ledger)
        #expect(!ledger.isFlooded)
    }
}

@Suite struct TicketKeyRingTests {
    private static func key(_ number: UInt8) -> TicketKeyRing.Key {
        TicketKeyRing.Key(name: [UInt8](repeating: number, count: 16), cipher: [], mac: [])
    }

    @Test("a key is used for 12 hours and accepted for as long again")
    func rotates() {
        var ring = TicketKeyRing()
        var made: UInt8 = 0
        func rotate(atHours hours: Int64) {
            ring.rotate(at: hours * 3600 * 1_000_000_000) {
                made += 1
                return Self.key(made)
            }
        }
        rotate(atHours: 100)
        rotate(atHours: 111)
        #expect(ring.current == Self.key(1))
        rotate(atHours: 112)
        #expect(ring.current == Self.key(2))
        #expect(ring.key(named: Self.key(1).name)?.isOld == true)
        #expect(ring.key(named: Self.key(2).name)?.isOld == false)
        rotate(atHours: 124)
        #expect(ring.key(named: Self.key(1).name) == nil)
        #expect(ring.key(named: Self.key(2).name)?.isOld == true)
    }

    @Test("after a day without a handshake the last key is not accepted any more")
    func idle() {
        var ring = TicketKeyRing()
        ring.rotate(at: 0) { Self.key(1) }
        ring.rotate(at: 25 * 3600 * 1_000_000_000) { Self.key(2) }
        #expect(ring.key(named: Self.key(1).name) == nil)
    }

    @Test("if no key can be created, the last one stays")
    func noRandomness() {
        var ring = TicketKeyRing()
        ring.rotate(at: 0) { Self.key(1) }
        ring.rotate(at: 13 * 3600 * 1_000_000_000) { nil }
        #expect(ring.current == Self.key(1))
    }
}
