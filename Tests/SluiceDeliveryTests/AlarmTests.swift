import SluiceDelivery
import Testing

/// What the log says of each alarm.
@Suite struct AlarmTests {
    @Test(
        "an alarm says what is wrong, and whether the relay is paused",
        arguments: [
            (DeliveryAlarm.setUpWrong, "delivery stands still: what answers at zizq.url is not a Zizq server that takes our jobs", true),
            (.everythingRefused, "relay paused: Zizq rejects every job, so the jobs are probably not the cause", true),
            (.outcomesUnknown, "Zizq has not answered three batches in a row", false),
            (.uniqueJobsUnlicensed, "Zizq has no licence for unique jobs: jobs go without their unique keys", false),
            (.batchedJobsUnlicensed, "Zizq has no licence for batched jobs: jobs that need it wait, parked", false),
        ])
    func sentence(alarm: DeliveryAlarm, sentence: String, pauses: Bool) {
        #expect(alarm.sentence == sentence)
        #expect(alarm.pausesDelivery == pauses)
    }
}
