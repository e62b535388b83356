internal import SluiceBase

/// How the program is called from the folder in which it was started.
enum ProgramName {
    /// As it was called; a path below this folder without the folder, so that it can be copied from the screen.
    static var here: String {
        let name = CommandLine.arguments.first ?? "sluice"
        guard let folder = ProcessEnvironment.variables()["PWD"], !folder.isEmpty, name.hasPrefix(folder + "/") else { return name }
        return String(name.dropFirst(folder.count + 1))
    }
}
