/// One row of `SettingsTable`: a key with its format, its meaning, and its member of `Settings`.
package struct Setting: Sendable {
    /// As in the file: `zizq.batch_jobs`.
    package let key: String
    package let group: SettingGroup
    /// Format and range, for the docs.
    package let range: String
    /// The text after "must be" in error messages.
    package let requirement: String
    /// For the command line's help.
    package let placeholder: String
    /// The meaning; one phrase without a full stop.
    package let meaning: String
    /// The default in words, if it is not a fixed value.
    package let defaultNote: String?
    /// Whether the file may write it as a list.
    package let isList: Bool
    /// Reads the text into the member; `false` for another format or a value out of range.
    package let read: @Sendable (String, inout Settings) -> Bool
    /// The member's value as text; empty if it is not set.
    package let write: @Sendable (Settings) -> String

    /// A setting that always has a value.
    init<Value>(
        _ key: String, _ member: any WritableKeyPath<Settings, Value> & Sendable, in group: SettingGroup,
        format: SettingFormat<Value>, meaning: String
    ) {
        self.init(
            key: key, group: group, format: format, meaning: meaning, defaultNote: nil,
            store: { value, settings in settings[keyPath: member] = value },
            load: { $0[keyPath: member] })
    }

    /// A setting that may be absent; `defaultNote` describes the effect.
    init<Value>(
        _ key: String, _ member: any WritableKeyPath<Settings, Value?> & Sendable, in group: SettingGroup,
        format: SettingFormat<Value>, meaning: String, defaultNote: String? = nil
    ) {
        self.init(
            key: key, group: group, format: format, meaning: meaning, defaultNote: defaultNote,
            store: { value, settings in settings[keyPath: member] = value },
            load: { $0[keyPath: member] })
    }

    private init<Value>(
        key: String, group: SettingGroup, format: SettingFormat<Value>, meaning: String, defaultNote: String?,
        store: @escaping @Sendable (Value, inout Settings) -> Void, load: @escaping @Sendable (Settings) -> Value?
    ) {
        self.key = key
        self.group = group
        self.range = format.range
        self.requirement = format.requirement
        self.placeholder = format.placeholder
        self.meaning = meaning
        self.defaultNote = defaultNote
        self.isList = format.isList
        self.read = { text, settings in
            guard let value = format.parse(text) else { return false }
            store(value, &settings)
            return true
        }
        self.write = { load($0).map(format.write) ?? "" }
    }

    /// `SLUICE_ZIZQ_BATCH_JOBS`
    package var variable: String { "SLUICE_" + key.uppercased().replacing(".", with: "_") }

    /// `--zizq-batch-jobs`
    package var option: String { "--" + key.replacing(".", with: "-").replacing("_", with: "-") }
}

/// The sections of the settings page and of the command line's help.
package enum SettingGroup: String, CaseIterable, Sendable {
    case listeners = "Listeners"
    case routes = "Routes"
    case outbox = "Outbox"
    case zizq = "Zizq"
    case limits = "Limits"
    case logging = "Logging"
}
