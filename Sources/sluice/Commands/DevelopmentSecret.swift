/// The secret of every route in `sluice dev` whose environment variable is not set: known to all, and good for nothing but trying out.
enum DevelopmentSecret {
    static let text = "development"
}
