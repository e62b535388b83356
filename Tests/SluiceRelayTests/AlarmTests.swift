import SluiceRelay
import Testing

/// What the log says of each alarm.
@Suite struct AlarmTests {
    @Test(
        "an alarm says what is wrong, and whether the relay is paused",
        arguments: [
            (
                RelayAlarm.setUpWrong, "relay paused: the server at zizq.url is not a Zizq server that accepts jobs",
                true
            ),
            (.everythingRefused, "relay paused: Zizq rejects every job, so the jobs are probably not the cause", true),
            (.outcomesUnknown, "Zizq has not answered three batches in a row", false),
            (
                .uniqueJobsUnlicensed,
                "the Zizq server is not licensed for unique jobs: sending jobs without their unique keys", false
            ),
            (
                .batchedJobsUnlicensed,
                "the Zizq server is not licensed for batched jobs: parking the jobs that need it", false
            ),
        ])
    func sentence(alarm: RelayAlarm, sentence: String, pauses: Bool) {
        #expect(alarm.sentence == sentence)
        #expect(alarm.pausesDelivery == pauses)
    }
}
