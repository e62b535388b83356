internal import SluiceBase

/// One thread's epoll loop: descriptors with their owners, deadlines, and a mailbox for other threads.
///
/// Not `Sendable`: it is created on its thread by `EventLoopThread`, and all calls except those of its `mailbox` are
/// made there.
package final class EventLoop {
    private struct Source {
        var handler: (any EventHandler)?
        var descriptor: Int32 = -1
        var generation: UInt32 = 0
        var interest: Readiness = []
        var isWatched = false
        /// Whether it is in `unfinished`.
        var isUnfinished = false
        /// Monotonic nanoseconds; `Int64.max` for none.
        var deadline = Int64.max
        /// The time of the owner's entry in the wheel; `Int64.max` for none.
        var wheelEntry = Int64.max
    }

    /// The index of the loop in its group, from 0.
    package let index: Int
    /// Gives other threads access to this loop.
    package let mailbox: LoopMailbox
    /// When the loop last woke, in monotonic nanoseconds. Accurate enough for deadlines, without a system call.
    package private(set) var now: Int64
    /// Counts the turns: one wake-up with its work. Tells an owner whether it is still in the same turn.
    package private(set) var turnNumber: UInt64 = 0

    private let stalled: (@Sendable (LoopStall) -> Void)?
    /// The CPU time of the thread at the end of its last turn, in nanoseconds.
    private var processorTime: Int64 = 0
    private let time: any TimeSource
    private var epoll: Epoll
    private var sources: [Source] = []
    private var freeSlots: [Int] = []
    private var wheel: TimerWheel
    private var due: [TimerWheel.Entry] = []
    private var locals: [AnyObject?] = []
    private var afterEvents: [() -> Void] = []
    /// Owners with unfinished work, the longest waiting first.
    private var unfinished: [SourceID] = []
    private var isStopping = false

    /// - Parameter stalled: called on the loop's thread for each turn of more than 50 ms, or of more than 20 ms of CPU
    ///   time.
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

    /// Makes `handler` the owner of a descriptor. The handler closes the descriptor, after `remove`.
    ///
    /// - Parameter descriptor: `-1` for an owner with only deadlines.
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

    /// Changes the owner's interest; makes a system call only if it differs.
    package func setInterest(_ interest: Readiness, for id: SourceID) {
        guard isCurrent(id), sources[id.slot].descriptor >= 0 else { return }
        if sources[id.slot].isWatched, sources[id.slot].interest == interest { return }
        sources[id.slot].interest = interest
        let descriptor = sources[id.slot].descriptor
        // The descriptor is open and, by `isWatched`, in or out of the set; the remaining error is a kernel without
        // memory, which the connection's deadline handles.
        if sources[id.slot].isWatched {
            try? epoll.modify(descriptor, interest, token: id.packed)
        } else {
            try? epoll.add(descriptor, interest, token: id.packed)
        }
        sources[id.slot].isWatched = true
    }

    /// Removes the descriptor from epoll: a hang-up is always reported, without end.
    package func unwatch(_ id: SourceID) {
        guard isCurrent(id), sources[id.slot].isWatched else { return }
        sources[id.slot].isWatched = false
        // Fails only for a descriptor that is not in the set, which is the goal.
        try? epoll.remove(sources[id.slot].descriptor)
    }

    /// Calls the owner's `becameReady` without readiness in a later turn, for an owner with unfinished work that lets
    /// the others go first. All such owners share a part of each turn, in the order of their calls; their epoll events
    /// wait, too.
    package func callAgain(_ id: SourceID) {
        guard isCurrent(id), !sources[id.slot].isUnfinished else { return }
        sources[id.slot].isUnfinished = true
        unfinished.append(id)
    }

    /// The owner of an id, if it is still registered.
    package func handler(of id: SourceID) -> (any EventHandler)? {
        isCurrent(id) ? sources[id.slot].handler : nil
    }

    /// The current owner of a slot.
    package func handler(atSlot slot: Int) -> (any EventHandler)? {
        slot < sources.count ? sources[slot].handler : nil
    }

    // MARK: - Deadlines

    /// Sets, moves or (with `nil`) clears the owner's one deadline, in monotonic nanoseconds.
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

    // MARK: - Objects of this loop

    /// Stores an object on this loop under a key for other threads.
    package func set<Value: AnyObject>(_ value: Value?, for key: LoopLocal<Value>) {
        while locals.count <= key.number { locals.append(nil) }
        locals[key.number] = value
    }

    /// The object of this loop; only on its thread.
    package subscript<Value: AnyObject>(key: LoopLocal<Value>) -> Value? {
        key.number < locals.count ? locals[key.number] as? Value : nil
    }

    /// Calls `body` after the events of each wake-up, to pass on their results immediately.
    package func afterEachWake(_ body: @escaping () -> Void) { afterEvents.append(body) }

    // MARK: - Running

    /// Runs the loop until `stop`. Called once, by the loop's thread.
    func run() {
        while !isStopping { turn() }
        // Owners and stored objects may retain each other; releasing them here breaks the cycles.
        sources.removeAll()
        locals.removeAll()
        afterEvents.removeAll()
    }

    /// Ends `run` after the current wake-up.
    package func stop() { isStopping = true }

    private func turn() {
        let waiting = unfinished.count
        let count = epoll.wait(timeoutMilliseconds: waiting == 0 ? timeoutMilliseconds() : 0)
        now = time.monotonicNanoseconds()
        mailbox.turnBegan(at: now)
        turnNumber &+= 1
        for position in 0..<count {
            let event = epoll.event(at: position)
            call(SourceID(packed: event.token), event.readiness)
        }
        if waiting > 0 { callUnfinished(waiting) }
        fireDeadlines()
        for body in afterEvents { body() }
        reportStall()
        mailbox.turnEnded()
    }

    private func call(_ id: SourceID, _ readiness: Readiness) {
        guard isCurrent(id), !sources[id.slot].isUnfinished, let handler = sources[id.slot].handler else { return }
        if handler.mayWait, time.monotonicNanoseconds() - now > Self.eventNanoseconds { return callAgain(id) }
        handler.becameReady(readiness)
    }

    /// Calls one of the owners that asked before this turn, and more within their part of the turn.
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

    /// The part of a turn after which owners with `mayWait` wait: 2 ms. Sixty simultaneous handshakes take ten times as
    /// long.
    private static let eventNanoseconds: Int64 = 2_000_000
    /// The part of a turn for all owners with unfinished work: 1 ms. This limits the wait of other requests, however
    /// many connections send without a pause.
    private static let unfinishedNanoseconds: Int64 = 1_000_000

    private func reportStall() {
        guard stalled != nil else { return }
        let before = processorTime
        processorTime = SystemThread.processorNanoseconds()
        let taken = time.monotonicNanoseconds() - now
        let used = processorTime - before
        guard taken > Self.stallNanoseconds || used > Self.longestWork else { return }
        stalled?(LoopStall(time: .nanoseconds(taken), processorTime: .nanoseconds(used)))
    }

    /// The duration above which a turn has delayed the loop's connections for too long: 50 ms.
    package static let stallNanoseconds: Int64 = 50_000_000
    /// The same in CPU time, independent of the load of the machine: 20 ms.
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

/// A turn of an event loop that delayed its connections.
package struct LoopStall: Sendable, Hashable {
    /// The duration of the turn.
    package let time: Duration
    /// The CPU time of the loop's thread in it. During the rest, other threads or programs used the processor, or the
    /// thread waited for a lock.
    package let processorTime: Duration
}

/// Runs the work that other threads have posted, on its loop.
private final class MailboxReader: EventHandler {
    private unowned let loop: EventLoop

    init(loop: EventLoop) { self.loop = loop }

    func becameReady(_ readiness: Readiness) {
        loop.mailbox.runAll(on: loop)
    }

    func deadlinePassed() {}
}
