internal import SluiceBase
internal import SluiceCrypto

/// A condition on a value of a request in addition to the signature, from `require`.
package struct SignatureRequirement: Sendable {
    let reference: Reference
    /// The required value; `nil` if there must be none.
    let text: TextTemplate?

    package init(reference: Reference, text: TextTemplate?) {
        self.reference = reference
        self.text = text
    }

    /// Returns if the request fulfils it.
    func check(_ request: borrowing SignedRequest) throws(VerificationError) {
        let value = try request.value(reference)
        guard let text else {
            if value == nil { return }
            throw .unmet("\(reference.source.noun) is present, which 'require' excludes")
        }
        guard let value else {
            var error = VerificationError.missing("\(reference.source.noun), which 'require' lists, is missing")
            error.isByRequirement = true
            throw error
        }
        let wanted = try request.text(text)
        guard constantTimeEquals(value.span, wanted.span) else {
            throw .unmet("\(reference.source.noun) does not match 'require'")
        }
    }
}

extension SignedRequest {
    /// A text with its references filled in.
    func text(_ template: TextTemplate) throws(VerificationError) -> [UInt8] {
        var bytes: [UInt8] = []
        for part in template.parts {
            switch part {
            case .literal(let literal): bytes += literal
            case .reference(let reference):
                guard let value = try value(reference) ?? reference.fallback?.text else {
                    throw .missing("\(reference.source.noun) is missing")
                }
                bytes += value
            }
        }
        return bytes
    }
}
