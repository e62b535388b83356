internal import SluiceBase

/// One thread's epoll loop: descriptors and their owners, deadlines, a mailbox from other threads.
///
/// Not `Sendable`: it is created on its thread by `EventLoopThread` and every call but those of its `mailbox` is made
/// there.
package final class EventLoop {
    private struct Source {
        var handler: (any EventHandler)?
        var descriptor: Int32 = -1
        var generation: UInt32 = 0
        var interest: Readiness = []
        var isWatched = false
        /// Whether it is among `unfinished`.
        var isUnfinished = false
        /// Monotonic nanoseconds; `Int64.max` where there is none.
        var deadline = Int64.max
        /// Where the wheel has an entry for this owner; `Int64.max` where it has none.
        var wheelEntry = Int64.max
    }

    /// The position of the loop among those of its group, from 0.
    package let index: Int
    /// How other threads reach this loop.
    package let mailbox: LoopMailbox
    /// When the loop last woke, in monotonic nanoseconds. Fresh enough for deadlines, and free.
    package private(set) var now: Int64
    /// Counts the turns: one wake, and what is done in it. Tells an owner whether it is still in the same one.
    package private(set) var turnNumber: UInt64 = 0

    private let stalled: (@Sendable (LoopStall) -> Void)?
    /// The processor time of the thread when its last turn ended, in nanoseconds.
    private var processorTime: Int64 = 0
    private let time: any TimeSource
    private var epoll: Epoll
    private var sources: [Source] = []
    private var freeSlots: [Int] = []
    private var wheel: TimerWheel
    private var due: [TimerWheel.Entry] = []
    private var locals: [AnyObject?] = []
    private var afterEvents: [() -> Void] = []
    /// Owners with more to do than one turn allowed them, the one first that has waited longest.
    private var unfinished: [SourceID] = []
    private var isStopping = false

    /// - Parameter stalled: told of each turn that took longer than 50 ms, or than 20 ms of processor time, on the
    ///   loop's thread.
    init(
        index: Int, mailbox: LoopMailbox, time: any TimeSource, stalled: (@Sendable (LoopStall) -> Void)? = nil
    ) throws(SystemCallError) {
        self.index = index
        self.stalled = stalled
        self.mailbox = mailbox
        self.time = time
        now = time.monotonicNanoseconds()
        wheel = TimerWheel(now: now)
        epoll = try Epoll()
        try watchMailbox()
    }

    // MARK: - Registration

    /// Makes `handler` the owner of a descriptor, which stays the handler's to close, after `remove`.
    ///
    /// - Parameter descriptor: `-1` for an owner of deadlines alone.
    package func add(_ handler: any EventHandler, descriptor: Int32, interest: Readiness) throws(SystemCallError)
        -> SourceID
    {
        let slot = takeSlot()
        sources[slot].handler = handler
        sources[slot].descriptor = descriptor
        sources[slot].deadline = .max
        sources[slot].wheelEntry = .max
        sources[slot].isUnfinished = false
        sources[slot].interest = interest
        let id = SourceID(slot: slot, generation: sources[slot].generation)
        if descriptor >= 0 {
            do throws(SystemCallError) { try epoll.add(descriptor, interest, token: id.packed) } catch {
                remove(id)
                throw error
            }
            sources[slot].isWatched = true
        }
        return id
    }

    /// Ends a registration. Events already fetched for it are not delivered.
    package func remove(_ id: SourceID) {
        guard isCurrent(id) else { return }
        unwatch(id)
        sources[id.slot].handler = nil
        sources[id.slot].generation &+= 1
        freeSlots.append(id.slot)
    }

    /// Changes what the owner wants to hear of; costs a system call only where it differs.
    package func setInterest(_ interest: Readiness, for id: SourceID) {
        guard isCurrent(id), sources[id.slot].descriptor >= 0 else { return }
        if sources[id.slot].isWatched, sources[id.slot].interest == interest { return }
        sources[id.slot].interest = interest
        let descriptor = sources[id.slot].descriptor
        // The descriptor is open and, by `isWatched`, in or out of the set; what is left is a kernel out of memory,
        // which the connection's deadline ends.
        if sources[id.slot].isWatched {
            try? epoll.modify(descriptor, interest, token: id.packed)
        } else {
            try? epoll.add(descriptor, interest, token: id.packed)
        }
        sources[id.slot].isWatched = true
    }

    /// Takes the descriptor out of epoll: a hang-up is reported without being asked for, and would be without end.
    package func unwatch(_ id: SourceID) {
        guard isCurrent(id), sources[id.slot].isWatched else { return }
        sources[id.slot].isWatched = false
        // Fails only for a descriptor that is not in the set, which is what is wanted.
        try? epoll.remove(sources[id.slot].descriptor)
    }

    /// Calls the owner's `becameReady` with no readiness in a later turn, for an owner that has more to do and lets the
    /// others of the loop go first. All such owners share a part of each turn, in the order in which they asked; what
    /// epoll reports of them waits for that.
    package func callAgain(_ id: SourceID) {
        guard isCurrent(id), !sources[id.slot].isUnfinished else { return }
        sources[id.slot].isUnfinished = true
        unfinished.append(id)
    }

    /// The owner behind an id, if it is still the same one.
    package func handler(of id: SourceID) -> (any EventHandler)? {
        isCurrent(id) ? sources[id.slot].handler : nil
    }

    /// The owner that has a place now.
    package func handler(atPlace place: Int) -> (any EventHandler)? {
        place < sources.count ? sources[place].handler : nil
    }

    // MARK: - Deadlines

    /// Sets, moves or (with `nil`) takes back the owner's one deadline, in monotonic nanoseconds.
    package func setDeadline(_ deadline: Int64?, for id: SourceID) {
        guard isCurrent(id) else { return }
        let deadline = deadline ?? .max
        sources[id.slot].deadline = deadline
        guard deadline < sources[id.slot].wheelEntry else { return }
        sources[id.slot].wheelEntry = deadline
        wheel.insert(TimerWheel.Entry(slot: id.slot, generation: id.generation), at: deadline)
    }

    private func fireDeadlines() {
        wheel.advance(to: now, into: &due)
        guard !due.isEmpty else { return }
        let entries = due
        due.removeAll(keepingCapacity: true)
        for entry in entries { look(at: entry) }
    }

    private func look(at entry: TimerWheel.Entry) {
        let id = SourceID(slot: entry.slot, generation: entry.generation)
        guard isCurrent(id) else { return }
        let deadline = sources[id.slot].deadline
        sources[id.slot].wheelEntry = .max
        guard deadline != .max else { return }
        guard deadline <= now else { return setDeadline(deadline, for: id) }
        sources[id.slot].deadline = .max
        sources[id.slot].handler?.deadlinePassed()
    }

    // MARK: - What lives on this loop

    /// Keeps an object on this loop under a key that other threads can name.
    package func set<Value: AnyObject>(_ value: Value?, for key: LoopLocal<Value>) {
        while locals.count <= key.number { locals.append(nil) }
        locals[key.number] = value
    }

    package subscript<Value: AnyObject>(key: LoopLocal<Value>) -> Value? {
        key.number < locals.count ? locals[key.number] as? Value : nil
    }

    /// Calls `body` each time the events of one wake have been handled: the place to hand on, at once, what they gave.
    package func afterEachWake(_ body: @escaping () -> Void) { afterEvents.append(body) }

    // MARK: - Running

    /// Serves until `stop`. Called once, by the thread that owns the loop.
    func run() {
        while !isStopping { turn() }
        // Owners and what lives here may hold each other; letting go of them here ends the cycles.
        sources.removeAll()
        locals.removeAll()
        afterEvents.removeAll()
    }

    /// Ends `run` after the present wake.
    package func stop() { isStopping = true }

    private func turn() {
        let waiting = unfinished.count
        let count = epoll.wait(timeoutMilliseconds: waiting == 0 ? timeoutMilliseconds() : 0)
        now = time.monotonicNanoseconds()
        turnNumber &+= 1
        for position in 0..<count {
            let event = epoll.event(at: position)
            call(SourceID(packed: event.token), event.readiness)
        }
        if waiting > 0 { callUnfinished(waiting) }
        fireDeadlines()
        for body in afterEvents { body() }
        reportStall()
    }

    private func call(_ id: SourceID, _ readiness: Readiness) {
        guard isCurrent(id), !sources[id.slot].isUnfinished, let handler = sources[id.slot].handler else { return }
        if handler.mayWait, time.monotonicNanoseconds() - now > Self.eventNanoseconds { return callAgain(id) }
        handler.becameReady(readiness)
    }

    /// Calls one of those that asked before this turn, and more while their part of the turn lasts.
    private func callUnfinished(_ waiting: Int) {
        let end = time.monotonicNanoseconds() + Self.unfinishedNanoseconds
        var called = 0
        repeat {
            let id = unfinished[called]
            called += 1
            guard isCurrent(id) else { continue }
            sources[id.slot].isUnfinished = false
            sources[id.slot].handler?.becameReady([])
        } while called < waiting && time.monotonicNanoseconds() < end
        unfinished.removeFirst(called)
    }

    /// The part of a turn after which owners that may wait do so: 2 ms. Sixty handshakes that come at once take ten
    /// times as long.
    private static let eventNanoseconds: Int64 = 2_000_000
    /// The part of a turn for all owners with more to do: 1 ms. However many connections send without a pause, a
    /// request of another one waits so long and no longer.
    private static let unfinishedNanoseconds: Int64 = 1_000_000

    private func reportStall() {
        guard let stalled else { return }
        let before = processorTime
        processorTime = SystemThread.processorNanoseconds()
        let taken = time.monotonicNanoseconds() - now
        let used = processorTime - before
        guard taken > Self.stallNanoseconds || used > Self.longestWork else { return }
        stalled(LoopStall(time: .nanoseconds(taken), processorTime: .nanoseconds(used)))
    }

    /// A turn that takes longer has kept every connection of the loop waiting for too long: 50 ms.
    package static let stallNanoseconds: Int64 = 50_000_000
    /// The same for a turn that needs so much processor time, whatever else the machine does: 20 ms.
    private static let longestWork: Int64 = 20_000_000

    private func timeoutMilliseconds() -> Int32 {
        guard let wake = wheel.nextWake else { return -1 }
        let remaining = wake - now
        return remaining <= 0 ? 0 : Int32(clamping: remaining / 1_000_000 + 1)
    }

    // MARK: - Slots and epoll

    private func takeSlot() -> Int {
        if let slot = freeSlots.popLast() { return slot }
        sources.append(Source())
        return sources.count - 1
    }

    private func isCurrent(_ id: SourceID) -> Bool {
        id.slot < sources.count && sources[id.slot].generation == id.generation && sources[id.slot].handler != nil
    }

    private func watchMailbox() throws(SystemCallError) {
        let reader = MailboxReader(loop: self)
        _ = try add(reader, descriptor: mailbox.descriptor, interest: .readable)
    }
}

/// A turn of an event loop during which its connections waited.
package struct LoopStall: Sendable, Hashable {
    /// How long it took.
    package let time: Duration
    /// How much of that the loop's thread had a processor. The rest is time in which other threads or programs had it,
    /// or in which the thread waited for a lock.
    package let processorTime: Duration
}

/// Runs on its loop what other threads have posted.
private final class MailboxReader: EventHandler {
    private unowned let loop: EventLoop

    init(loop: EventLoop) { self.loop = loop }

    func becameReady(_ readiness: Readiness) {
        loop.mailbox.runAll(on: loop)
    }

    func deadlinePassed() {}
}
