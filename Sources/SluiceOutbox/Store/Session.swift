/// A connection with its compiled statements. After a failed sync the whole session is replaced.
final class Session {
    let connection: Connection

    let begin, commit, rollback: Statement
    let insertDelivery, insertJob, insertDeadLetter: Statement
    let selectKeyEntries, selectKeyFilter, saveKeyEntries, saveKeyFilter, saveKeyRun: Statement
    let deleteKeyEntries, deleteKeyFilter, deleteKeyRun: Statement
    let selectSeen, deleteSeen: Statement
    let selectDelivery, selectDeliveriesFrom, selectFirstDelivery, selectReceived: Statement
    let hasDeadOrParked, deleteDeliveries, saveWalk, deleteWalk, setLastJob: Statement
    let updateProgress: Statement
    let selectJob, selectJobDelivery, selectFirstFrom, deleteJob, insertDelivered: Statement
    let selectTimeCut, selectBytesCut, selectOldestDelivered, deleteJobsThrough, deleteDeliveredThrough: Statement
    let insertParked, selectParked, selectParkedJob, deleteParked: Statement
    let selectDeadLetter, selectDeadLetterOfJob, deleteDeadLetter: Statement
    let selectKey, forgetKey, dropKey: Statement
    let insertRequest, selectRequest, isRequestHeld, selectLastJob, setRequestJob, deleteRequest: Statement
    let sumRequests, deleteRequestsBefore, selectPositions, selectRequestsOfDelivered: Statement

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        begin = try connection.prepare(Statements.begin)
        commit = try connection.prepare(Statements.commit)
        rollback = try connection.prepare(Statements.rollback)
        insertDelivery = try connection.prepare(Statements.insertDelivery)
        insertJob = try connection.prepare(Statements.insertJob)
        insertDeadLetter = try connection.prepare(Statements.insertDeadLetter)
        selectSeen = try connection.prepare(Statements.selectSeen)
        deleteSeen = try connection.prepare(Statements.deleteSeen)
        selectDelivery = try connection.prepare(Statements.selectDelivery)
        selectDeliveriesFrom = try connection.prepare(Statements.selectDeliveriesFrom)
        hasDeadOrParked = try connection.prepare(Statements.hasDeadOrParked)
        selectFirstDelivery = try connection.prepare(Statements.selectFirstDelivery)
        selectReceived = try connection.prepare(Statements.selectReceived)
        deleteDeliveries = try connection.prepare(Statements.deleteDeliveries)
        saveWalk = try connection.prepare(Statements.saveWalk)
        deleteWalk = try connection.prepare(Statements.deleteWalk)
        selectKeyEntries = try connection.prepare(Statements.selectKeyEntries)
        selectKeyFilter = try connection.prepare(Statements.selectKeyFilter)
        saveKeyEntries = try connection.prepare(Statements.saveKeyEntries)
        saveKeyFilter = try connection.prepare(Statements.saveKeyFilter)
        saveKeyRun = try connection.prepare(Statements.saveKeyRun)
        deleteKeyEntries = try connection.prepare(Statements.deleteKeyEntries)
        deleteKeyFilter = try connection.prepare(Statements.deleteKeyFilter)
        deleteKeyRun = try connection.prepare(Statements.deleteKeyRun)
        setLastJob = try connection.prepare(Statements.setLastJob)
        updateProgress = try connection.prepare(Statements.updateProgress)
        selectJob = try connection.prepare(Statements.selectJob)
        selectJobDelivery = try connection.prepare(Statements.selectJobDelivery)
        selectFirstFrom = try connection.prepare(Statements.selectFirstFrom)
        deleteJob = try connection.prepare(Statements.deleteJob)
        insertDelivered = try connection.prepare(Statements.insertDelivered)
        selectTimeCut = try connection.prepare(Statements.selectTimeCut)
        selectBytesCut = try connection.prepare(Statements.selectBytesCut)
        selectOldestDelivered = try connection.prepare(Statements.selectOldestDelivered)
        deleteJobsThrough = try connection.prepare(Statements.deleteJobsThrough)
        deleteDeliveredThrough = try connection.prepare(Statements.deleteDeliveredThrough)
        insertParked = try connection.prepare(Statements.insertParked)
        selectParked = try connection.prepare(Statements.selectParked)
        selectParkedJob = try connection.prepare(Statements.selectParkedJob)
        deleteParked = try connection.prepare(Statements.deleteParked)
        selectDeadLetter = try connection.prepare(Statements.selectDeadLetter)
        selectDeadLetterOfJob = try connection.prepare(Statements.selectDeadLetterOfJob)
        selectKey = try connection.prepare(Statements.selectKey)
        forgetKey = try connection.prepare(Statements.forgetKey)
        dropKey = try connection.prepare(Statements.dropKey)
        deleteDeadLetter = try connection.prepare(Statements.deleteDeadLetter)
        insertRequest = try connection.prepare(Statements.insertRequest)
        selectRequest = try connection.prepare(Statements.selectRequest)
        isRequestHeld = try connection.prepare(Statements.isRequestHeld)
        selectLastJob = try connection.prepare(Statements.selectLastJob)
        setRequestJob = try connection.prepare(Statements.setRequestJob)
        deleteRequest = try connection.prepare(Statements.deleteRequest)
        sumRequests = try connection.prepare(Statements.sumRequests)
        deleteRequestsBefore = try connection.prepare(Statements.deleteRequestsBefore)
        selectPositions = try connection.prepare(Statements.selectPositions)
        selectRequestsOfDelivered = try connection.prepare(Statements.selectRequestsOfDelivered)
    }
}
