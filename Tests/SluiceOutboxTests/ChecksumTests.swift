import SluiceBase
import Testing

@testable import SluiceOutbox

struct ChecksumTests {
    @Test(
        "XXH64 gives what the specification's implementation gives",
        arguments: [
            ("", 0, 0xEF46_DB37_51D8_E999), ("a", 0, 0xD24E_C4F1_A98C_6E5B), ("abc", 0, 0x44BC_2CF5_AD77_0999),
            ("Nobody inspects the spammish repetition", 0, 0xFBCE_A83C_8A37_8BF1),
            ("xxhash", 20141025, 0xB559_B98D_844E_0635),
        ] as [(String, UInt64, UInt64)])
    func vector(_ text: String, _ seed: UInt64, _ hash: UInt64) {
        #expect(Checksum.xxh64(Array(text.utf8).span, seed: seed) == hash)
    }

    @Test func anyChangedBitChangesTheChecksumOfAJob() {
        let job = job(1, payload: 80)
        let checksum = StoredJob.checksum(job)
        for index in job.payload.indices {
            var payload = job.payload
            payload[index] ^= 1
            let other = Job(
                type: job.type, queue: job.queue, options: job.options, uniqueKey: job.uniqueKey,
                uniqueWhile: job.uniqueWhile, payload: payload)
            #expect(StoredJob.checksum(other) != checksum)
        }
    }
}
