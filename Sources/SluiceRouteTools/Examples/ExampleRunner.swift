internal import SluiceBase
package import SluiceRouteFiles
internal import SluiceRoutes

extension RouteCompilation {
    /// Sends the examples of each route through it, in the order of the file, and compares the results.
    ///
    /// The table must have been compiled with throw-away secrets (`RouteOptions.secrets`), with which examples are
    /// signed. Blocking if an example names a file.
    ///
    /// - Parameter now: the time of examples without a clock, in milliseconds since 1970.
    package func runExamples(folder: String, atMilliseconds now: Int64) -> [ExampleResult] {
        guard let table else { return [] }
        return zip(table.routes, details).flatMap { route, details in
            var keys = DryRunKeys()
            return details.examples.enumerated().map { index, example in
                let runner = ExampleRunner(table: table, route: route, folder: folder, now: now, number: index + 1)
                return runner.run(example, &keys)
            }
        }
    }
}

/// Runs one example.
private struct ExampleRunner {
    let table: RouteTable
    let route: Route
    let folder: String
    let now: Int64
    /// The number of the example in its route, from 1.
    let number: Int

    /// Why an example cannot be sent.
    private struct SetupError: Error {
        let message: String
        let location: SourceLocation
    }

    /// As long as the gateway's ids, and ascending.
    private var deliveryID: String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 26 - digits.count)) + digits
    }

    func run(_ example: RouteExample, _ keys: inout DryRunKeys) -> ExampleResult {
        var result = ExampleResult(example, of: route)
        do throws(SetupError) {
            let outcome = try dryRun(example)
            // An example without an expectation about duplicates is tested independently.
            var own = DryRunKeys()
            let sender = DryRunKeys.Sender(name: example.name, deliveryID: deliveryID)
            let judgement = ExampleJudgement(outcome, deliveryID: deliveryID) { delivery in
                let together = keys.store(delivery, of: sender)
                return example.expectation.duplicate == nil ? own.store(delivery, of: sender) : together
            }
            result.outcome = judgement.words
            result.differences = judgement.differences(from: example.expectation)
            result.unexpectedResult = judgement.unexpectedResult(besides: example.expectation)
        } catch {
            result.obstacle = (error.message, error.location)
        }
        return result
    }

    private func dryRun(_ example: RouteExample) throws(SetupError) -> RouteOutcome {
        var request = RequestToSign(
            method: example.method, target: example.target, headers: example.headers, body: try body(of: example))
        try checkPath(example)
        var route = route
        let time = example.clock ?? now
        do throws(SigningError) {
            let isSigned: Bool
            switch example.signing {
            case .unsigned: isSigned = true
            case .throwAway: isSigned = route.holdsSignature(request, withSecret: false)
            case .secret(let secret, _):
                route = try route.verifying(with: secret)
                isSigned = route.holdsSignature(request, withSecret: true)
            }
            if !isSigned, !isHandshake(request, route, arrival: arrival(of: example, at: time)) {
                request = try route.sign(request, at: time, id: "example_\(number)")
            }
        } catch {
            throw SetupError(
                message:
                    "\(error.message); an example can have its own signature with 'secret' and 'clock', or be sent "
                    + "unsigned with "
                    + "'signed: false'", location: example.signing.location ?? example.location)
        }
        return route.dryRun(request, arrival(of: example, at: time))
    }

    private func arrival(of example: RouteExample, at time: Int64) -> RequestArrival {
        RequestArrival(
            sender: example.sender ?? route.likelySender, receivedAtMilliseconds: time, deliveryID: deliveryID)
    }

    /// A handshake that the head alone identifies needs no signature.
    private func isHandshake(_ request: RequestToSign, _ route: Route, arrival: RequestArrival) -> Bool {
        request.withView { route.isHandshake(byHead: $0, arrival) }
    }

    private func checkPath(_ example: RouteExample) throws(SetupError) {
        let path = Array(example.target.utf8.prefix { $0 != UInt8(ascii: "?") })
        let match = table.match(path: path.span)
        if match === route { return }
        let end = match.map { "leads to the route '\(PrintableText.escape($0.name))'" } ?? "leads to no route"
        throw SetupError(
            message: "its path \(PrintableText.escape(String(decoding: path, as: UTF8.self))) \(end)",
            location: example.location)
    }

    private func body(of example: RouteExample) throws(SetupError) -> [UInt8] {
        switch example.body {
        case .bytes(let bytes): return bytes
        case .file(let name, let location):
            let path = "\(folder)/\(name)"
            let isInside: Bool
            let content: [UInt8]
            do throws(FileAccess.AccessError) {
                isInside = try FileAccess.isInside(path, folder: folder)
                content = isInside ? try FileAccess.read(path, limit: RouteLanguage.bodyLimits.upperBound.bytes) : []
            } catch {
                throw SetupError(
                    message: "the file \(PrintableText.escape(path)) cannot be read: \(error)", location: location)
            }
            if isInside { return content }
            throw SetupError(
                message: "the file \(PrintableText.escape(path)) is outside the routes folder", location: location)
        }
    }
}

extension RouteExample.Signing {
    fileprivate var location: SourceLocation? { if case .secret(_, let location) = self { location } else { nil } }
}
