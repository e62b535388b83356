import Testing

@testable import SluiceRelay

@Suite struct JobSignalTests {
    @Test("a wait ends with a job beyond the one named, not with one before it")
    func waitsForLaterJob() async {
        let signal = JobSignal()
        let waiting = Task {
            await signal.wait(beyond: 10)
            return signal.latest
        }
        for job in 1...10 {
            signal.announce(Int64(job))
            for _ in 0..<10 { await Task.yield() }
        }
        signal.announce(11)
        #expect(await waiting.value == 11)
    }

    @Test("jobs that come do not end a wait for the end")
    func waitsForFinish() async {
        let signal = JobSignal()
        let waiting = Task {
            await signal.waitForFinish()
            return signal.isFinishing
        }
        for job in 1...10 {
            signal.announce(Int64(job))
            for _ in 0..<10 { await Task.yield() }
        }
        signal.finish()
        #expect(await waiting.value)
        await signal.wait(beyond: .max)
    }

    @Test("a wait ends with its task's cancellation, whether that comes before or during it", arguments: [0, 1, 20])
    func endsWithCancellation(yields: Int) async {
        let signal = JobSignal()
        let waiting = Task { await signal.waitForCancellation() }
        for _ in 0..<yields { await Task.yield() }
        waiting.cancel()
        await waiting.value
    }

    @Test("a job that was announced before the wait ends it at once")
    func seesEarlierJob() async {
        let signal = JobSignal()
        signal.announce(5)
        signal.announce(3)
        #expect(signal.latest == 5)
        await signal.wait(beyond: 4)
    }
}
