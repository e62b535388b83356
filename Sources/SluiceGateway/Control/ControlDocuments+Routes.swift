internal import SluiceBase
internal import SluiceRoutes

extension ControlDocuments.Reloaded {
    init(_ report: RouteReloadService.Report) {
        self.init(
            version: report.version, routes: report.routes, problems: report.problems, warnings: report.warnings,
            certificateProblem: report.certificateProblem)
    }
}

extension ControlDocuments.Routes {
    /// Describes the current table; reads the folder to compare it. Blocking.
    init(_ reload: RouteReloadService) {
        let picture = reload.picture
        let status = picture.status
        let state = ControlDocuments.TableState(
            version: status.version, since: status.loadedAtMilliseconds ?? 0, triedAt: status.triedAtMilliseconds ?? 0,
            result: status.problems.isEmpty ? "success" : "failure", files: reload.files(picture).rawValue)
        self.init(gateway: state, problems: status.problems, routes: picture.table?.table.routes.map(\.summary) ?? [])
    }
}
