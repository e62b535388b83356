import SluiceBase
import Testing

@Suite(.serialized) struct ProcessEnvironmentTests {
    @Test("the environment is taken apart at the first equals sign, and of two equal names the first counts")
    func parsing() {
        let bytes = Array("A=1\0B=x=y\0A=2\0EMPTY=\0=nameless\0noise\0".utf8)
        #expect(ProcessEnvironment.parse(bytes) == ["A": "1", "B": "x=y", "EMPTY": ""])
    }

    @Test("the environment of this process has a search path")
    func ownEnvironment() {
        #expect(ProcessEnvironment.variables()["PATH"] != nil)
    }
}
