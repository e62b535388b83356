import Testing

@testable import SluiceGateway

@Suite("delivery ids")
struct DeliveryIDTests {
    @Test("are 26 digits of Crockford's base 32 that begin with the time")
    func form() {
        var source = DeliveryIDSource()
        let id = source.next(atMilliseconds: 1_763_900_000_000)
        #expect(id.count == 26)
        #expect(id.allSatisfy { "0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains($0) })
        // 1,763,900,000,000 in ten digits of base 32.
        #expect(id.hasPrefix("01KARA41R0"))
    }

    @Test("ascend, also when the clock is set back")
    func ascending() {
        var source = DeliveryIDSource()
        var ids: [String] = []
        for step in 0..<1000 {
            ids.append(source.next(atMilliseconds: 1_763_900_000_000 + Int64(step % 7) - Int64(step / 2)))
        }
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == ids.count)
    }

    @Test("of two sources do not meet")
    func twoSources() {
        var one = DeliveryIDSource()
        var other = DeliveryIDSource()
        let ids = (0..<1000).flatMap { _ in [one.next(atMilliseconds: 5), other.next(atMilliseconds: 5)] }
        #expect(Set(ids).count == ids.count)
    }
}
