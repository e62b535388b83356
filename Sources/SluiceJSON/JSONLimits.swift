/// How deep JSON may nest. An array or object counts one level, what is inside it the next; a scalar alone has none.
package enum JSONLimits {
    /// What Zizq takes as a payload inside a bulk request: its limit is 127 for the whole request, of which the list of jobs uses three.
    package static let bulkDepth = 124
    /// What Zizq takes as a whole request, and what its answers stay far below.
    package static let messageDepth = 127
}
