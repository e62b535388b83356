internal import SluiceBase

extension EffectiveSettings {
    /// The rules between settings. Each problem has the location of the setting to change.
    var crossFieldProblems: [String] {
        listenerProblems + certificateProblems + queueServerProblems + sizeProblems + timeProblems
    }

    private var listenerProblems: [String] {
        guard values.https != .off || values.http != .off else {
            return [problem("http", "https and http are both off; at least one of them must listen")]
        }
        let listeners = [("https", values.https), ("http", values.http), ("admin", values.admin)]
        var problems: [String] = []
        for (index, (key, listener)) in listeners.enumerated() {
            guard let address = listener.address, address.port != 0 else { continue }
            for (other, _) in listeners[..<index].filter({ $0.1 == listener }) {
                problems.append(
                    problem(
                        key, "\(other) and \(key) both listen on \(address.hostAndPort); give one of them another port")
                )
            }
        }
        return problems
    }

    private var certificateProblems: [String] {
        guard values.https != .off else { return [] }
        return [("tls.certificate", values.tls.certificate), ("tls.key", values.tls.key)].compactMap { key, path in
            path == nil ? problem(key, "\(key) is required while https is on; set it, or set https to off") : nil
        }
    }

    private var queueServerProblems: [String] {
        let server = values.zizq
        var problems: [String] = []
        if (server.certificate == nil) != (server.key == nil) {
            let (given, missing) =
                server.key == nil ? ("zizq.certificate", "zizq.key") : ("zizq.key", "zizq.certificate")
            problems.append(problem(given, "\(given) is set without \(missing); set both or neither"))
        }
        if server.url.scheme == .http {
            for (key, path) in [("zizq.ca", server.ca), ("zizq.certificate", server.certificate)] where path != nil {
                problems.append(
                    problem(key, "\(key) has no effect while zizq.url is \(server.url); use an https URL or unset it"))
            }
        }
        return problems
    }

    private var sizeProblems: [String] {
        let (body, memory, outbox) = (values.limits.body, values.limits.memory, values.outbox.maxBytes)
        var problems: [String] = []
        if memory < body {
            problems.append(
                problem(
                    "limits.memory",
                    "limits.memory is \(memory), less than limits.body (\(body)); no body of that size would fit")
            )
        }
        if outbox < body {
            problems.append(
                problem(
                    "outbox.max_bytes",
                    "outbox.max_bytes is \(outbox), less than limits.body (\(body)); no body of that size could be "
                        + "stored"
                ))
        }
        if let dead = values.outbox.maxDeadBytes, dead > outbox {
            problems.append(
                problem(
                    "outbox.max_dead_bytes",
                    "outbox.max_dead_bytes is \(dead), more than outbox.max_bytes (\(outbox)), which includes it"))
        }
        return problems
    }

    private var timeProblems: [String] {
        let (drain, shutdown) = (values.limits.drain, values.limits.shutdown)
        guard drain > shutdown else { return [] }
        let (drainText, shutdownText) = (DurationText.format(drain), DurationText.format(shutdown))
        return [
            problem(
                "limits.drain",
                "limits.drain is \(drainText), longer than limits.shutdown (\(shutdownText)), which includes it")
        ]
    }

    /// A default has no location, so the message is printed alone.
    private func problem(_ key: String, _ sentence: String) -> String {
        switch origin(of: key) {
        case .byDefault: "settings: \(sentence)"
        case .file, .variable, .option: "\(origin(of: key)): \(sentence)"
        }
    }
}
