/// How deep JSON may nest. An array or object counts one level, what is inside it the next; a scalar alone has none.
package enum JSONLimits {
    /// What Zizq takes as a payload inside a bulk request: its limit is 127 for the whole request, of which the list of jobs uses three.
    package static let bulkDepth = 124
    /// What Zizq takes as the payload of a single enqueue.
    package static let singleDepth = 126
    /// What Zizq takes as a whole request.
    package static let messageDepth = 127
    /// What is read of Zizq's answers: a list of jobs with payloads of `singleDepth`.
    package static let answerDepth = 130
}
