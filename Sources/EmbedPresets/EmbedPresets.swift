internal import Foundation
internal import PackagePlugin

/// Embeds the presets of providers, one YAML file each, as texts in a Swift file that is generated at build time.
@main struct EmbedPresets: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let folder = target.directoryURL.appending(path: "Providers/Presets")
        let presets = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "yaml" }
            .sorted { $0.deletingPathExtension().lastPathComponent < $1.deletingPathExtension().lastPathComponent }
        let script = folder.appending(path: "embed.sh")
        let output = context.pluginWorkDirectoryURL.appending(path: "PresetTexts.swift")
        return [
            .buildCommand(
                displayName: "Embedding \(presets.count) provider presets",
                executable: URL(filePath: "/bin/sh"),
                arguments: [script.path, output.path] + presets.map(\.path),
                inputFiles: [script] + presets, outputFiles: [output])
        ]
    }
}
