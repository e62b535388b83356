import Testing

@testable import Zizq

@Suite struct UniqueKeyTests {
    private struct User: Encodable {
        var name = "Ann"
        var id = 42
    }

    private struct Reversed: Encodable {
        var id = 42
        var name = "Ann"
    }

    @Test("a hash is that of the canonical JSON: pinned, so that keys of one release meet those of another")
    func pinned() {
        // printf '%s' '["user",42]' | sha256sum, and the like.
        let rows: [(UniqueKey, String)] = [
            (.hash(of: ["a": 1, "b": 2]), "43258cff783fe7036d8a43033f830adfc60ec037382473548ac742b888292777"),
            (.hash(of: "alice@example.com"), "b595101af3afe93343acb7181bc1593573485685c06d714e9a9398b0207f8952"),
            (.hash(of: [1, 2, 3]), "a615eeaee21de5179de080de8c3052c8da901138406ba71c38c032845f7d54f4"),
            (.taggedHash("send", of: true), "send:b5bea41b6c623f7c09f1bf24dcae58ebab3c0cdd90ad966bc43a45b44867e12b"),
        ]
        for (key, expected) in rows { #expect(key.key == expected) }
    }

    @Test("the order of members and of a dictionary's keys does not matter; values, tags and types do")
    func canonical() {
        #expect(UniqueKey.hash(of: User()) == UniqueKey.hash(of: Reversed()))
        #expect(UniqueKey.hash(of: User(name: "Bob")) != UniqueKey.hash(of: User()))
        #expect(UniqueKey.hash(of: ["1"]) != UniqueKey.hash(of: [1]))
        #expect(UniqueKey.taggedHash("a", of: 1).key == "a:" + UniqueKey.hash(of: 1).key)
        #expect(UniqueKey.hash(of: 1).scope == nil)
        #expect(UniqueKey.hash(of: 1).scoped(.active).scope == .active)
        #expect(UniqueKey.raw("k").key == "k")
    }
}
