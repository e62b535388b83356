import SluiceBase
import Testing

@testable import SluiceOutbox

/// The secrets that routes have learnt, in the outbox file.
struct LearntSecretTests {
    let fixture = Fixture()

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("the newest secrets of each route are kept over a restart, newest first")
    func kept() throws {
        do {
            let store = try fixture.open()
            for number in 1...6 { _ = try store.learn(bytes("secret \(number)"), of: "a", keeping: 4) }
            #expect(try store.learn(bytes("another"), of: "b", keeping: 4) == [bytes("another")])
            store.close()
        }
        let again = try fixture.open()
        let expected = [6, 5, 4, 3].map { bytes("secret \($0)") }
        #expect(try again.learntSecrets() == ["a": expected, "b": [bytes("another")]])
    }

    @Test("a secret that is learnt again is the newest, and forgetting takes those of one route")
    func forgotten() throws {
        let store = try fixture.open()
        _ = try store.learn(bytes("first"), of: "a", keeping: 4)
        _ = try store.learn(bytes("second"), of: "a", keeping: 4)
        #expect(try store.learn(bytes("first"), of: "a", keeping: 4) == [bytes("first"), bytes("second")])
        _ = try store.learn(bytes("other"), of: "b", keeping: 4)
        #expect(try store.forgetLearntSecrets(of: "a") == 2)
        #expect(try store.forgetLearntSecrets(of: "a") == 0)
        #expect(try store.learntSecrets() == ["b": [bytes("other")]])
    }
}
