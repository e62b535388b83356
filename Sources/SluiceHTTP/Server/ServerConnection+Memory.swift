internal import SluiceBase
internal import SluiceNet

/// The connection's part of the memory budget.
extension ServerConnection {
    /// Handles that the budget gave the request's memory to another one.
    func requestWasDropped() {
        guard isOpen, let listing, !server.memory.lists(listing) else { return }
        unlistRequest()
        perform(state.memoryExhausted(&buffer))
        settle()
    }

    /// Reserves memory for the bytes that have arrived, in steps, so that an announced length reserves nothing.
    func reserveForBuffer() -> Bool {
        // Each use of the unowned reference would retain it.
        let server = server
        let wanted = max(
            reserved, (buffer.count + Self.reservationStep - 1) / Self.reservationStep * Self.reservationStep)
        let size = MemoryBudget.RequestSize(bodyBytes: state.bodyLength)
        if let listing {
            guard server.memory.grow(listing, to: wanted, size: size, share: share, at: server.loop.now) else {
                unlistRequest()
                return false
            }
        } else if wanted > reserved {
            guard server.memory.reserve(wanted - reserved, for: size) else { return false }
        }
        reserved = wanted
        return true
    }

    func appendReceived(_ count: Int) {
        let needed = buffer.count + count
        if needed > buffer.capacity {
            buffer.reserveCapacity(state.bufferCapacity(for: needed, current: buffer.capacity))
        }
        buffer.append(contentsOf: server.receiveBuffer[..<count])
    }

    /// Handles that the service has read the current request: until it is answered, the memory of a large one is free
    /// for other requests.
    func releaseRequest() {
        isRequestRead = true
        unlistRequest()
        guard buffer.capacity > Self.keptCapacity else { return }
        state.requestRead(&buffer)
        shrinkBuffer()
    }

    /// Lists a request of which a part has arrived, so that its memory can be given to another one.
    ///
    /// - Parameter isComplete: whether all of it has arrived and another thread reads it.
    func listRequest(isComplete: Bool = false) {
        guard listing == nil, let source else { return }
        // Each use of the unowned reference would retain it.
        let server = server
        listing = server.memory.list(
            IncompleteRequests.Owner(loop: server.loop.index, connection: source.packed), isComplete: isComplete,
            share: share, size: MemoryBudget.RequestSize(bodyBytes: state.bodyLength), reserved: reserved,
            at: server.loop.now)
    }

    func unlistRequest() {
        guard let listing else { return }
        self.listing = nil
        guard !server.memory.unlist(listing) else { return }
        // Its memory was already released.
        reserved = 0
        isDropped = true
    }

    /// The client that the request's memory counts towards; `nil` for a proxy that names no client.
    private var share: IncompleteRequests.Share? {
        server.isShared(sender) ? nil : IncompleteRequests.Share(of: sender)
    }

    func release(downTo bytes: Int) {
        guard bytes < reserved else { return }
        server.memory.release(reserved - bytes)
        reserved = bytes
    }

    /// An idle connection keeps at most a small buffer.
    func releaseBuffer() {
        shrinkBuffer()
        release(downTo: 0)
    }

    /// Shrinks a large buffer to its contents.
    func shrinkBuffer() {
        if buffer.capacity > Self.keptCapacity {
            var rest: [UInt8] = []
            rest.append(contentsOf: buffer)
            buffer = rest
        }
        release(downTo: buffer.count)
    }

    static let droppedReason = "memory is full, and this request arrived more slowly than all others"
    private static let reservationStep = 4096
}
