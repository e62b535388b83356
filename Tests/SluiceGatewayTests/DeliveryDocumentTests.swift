import SluiceHTTP
import SluiceRoutes
import Testing

@testable import SluiceGateway

@Suite("the answer to a delivery")
struct DeliveryDocumentTests {
    @Test(
        "contains what was stored, and the number of elements seen before if there are any",
        arguments: [
            (
                .stored(jobs: 1, deadLetters: 0, duplicates: 0),
                #"{"id":"01X","jobs":1,"dead_letters":0,"duplicate":false}"#
            ),
            (
                .stored(jobs: 2, deadLetters: 1, duplicates: 17),
                #"{"id":"01X","jobs":2,"dead_letters":1,"duplicate":false,"duplicates":17}"#
            ),
            (.duplicate, #"{"id":"01X","jobs":0,"dead_letters":0,"duplicate":true}"#),
        ] as [(DeliveryDocument.Content, String)])
    func document(content: DeliveryDocument.Content, text: String) {
        let response = DeliveryDocument.response(id: "01X", content, reply: nil, isVerified: true)
        #expect(String(decoding: response.body, as: UTF8.self) == text)
        #expect(response.status == 200)
    }
}
