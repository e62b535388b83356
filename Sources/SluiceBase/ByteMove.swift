extension [UInt8] {
    /// Copies the bytes of `range` so that they begin at `target`, in one memory move; the two places may overlap.
    ///
    /// - Parameter target: at most `range.lowerBound`; bytes move towards the front only.
    package mutating func moveBytes(_ range: Range<Int>, to target: Int) {
        precondition(target >= 0 && target <= range.lowerBound && range.upperBound <= count, "A move must stay inside the array.")
        guard target != range.lowerBound, !range.isEmpty else { return }
        // Both places lie inside the array, checked above; the buffer does not outlive the closure.
        unsafe withUnsafeMutableBytes { buffer in
            let source = unsafe UnsafeRawBufferPointer(rebasing: buffer[range])
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[target..<(target + range.count)]).copyMemory(from: source)
        }
    }
}
