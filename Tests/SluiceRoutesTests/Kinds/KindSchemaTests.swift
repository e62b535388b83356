import Foundation
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// The JSON Schema that `sluice kinds` prints, as a validator that knows nothing of Sluice reads it.
@Suite(.serialized) struct KindSchemaTests {
    private static let root = #filePath.split(separator: "/").dropLast(4).map { "/\($0)" }.joined()

    /// The schema of all types that a payload may have.
    private func allTypes() throws -> String {
        let kinds = try String(contentsOfFile: "\(Self.root)/Tests/Golden/Kinds/kinds.yaml", encoding: .utf8)
        return try KindSchema.takingOneOfEach(kinds)
    }

    @Test("matching payloads are valid, for any names of the kind and its fields")
    func valid() throws {
        let payloads = [
            #"""
            {"deploy_branch":{"repository":"","commit":"",
             "size":-3,"pusher":{"name":"m","email":null,"x":1},"commits":[]}}
            """#,
            #"""
            {"deploy_branch":{"repository":"","commit":"",
             "size":1,"commits":[{"id":"b","author":{"name":"é","tags":[]}}]}}
            """#,
            #"""
            {"all-types":{"text":"","whole":18446744073709551615,"real":1.5,"flag":true,
             "map":{"a":[null]},"list":[1,"x"],"json":null,
             "nothing":{"a":1},"no_text":null,"no_nothing":null,"texts":["a"],"gaps":[1,null],"grid":[[0.5],[]],
             "points":[[{"x":0.5,"y":-2.5}]],"no_rows":[{"cells":[true,null]}]}}
            """#,
            #"{"odd names":\#(Self.oddNames)}"#, #"{"--":{}}"#, #"{"2fast":{"class":"x"}}"#,
            #"{"archive":null}"#, #"{"archive":[{"a":1}]}"#, #"{"maybe_text":null}"#, #"{"names":["a","b"]}"#,
            #"{"rows":[{"id":1,"parts":[{},{"id":2}]}]}"#, #"{"élan":{"value":"x"}}"#,
            #"{"tick":-9223372036854775808}"#,
        ]
        let documents = Dictionary(uniqueKeysWithValues: payloads.enumerated().map { ("\($0.offset)", $0.element) })
        let answer = try SchemaValidator.check(documents, against: allTypes())
        #expect(answer.verdicts.count == payloads.count)
        for (name, verdict) in answer.verdicts {
            #expect(verdict.mistakes.isEmpty, "\(documents[name] ?? name): \(verdict.mistakes)")
        }
    }

    private static let oddNames = #"""
        {"class":"","type":"","self":"","my-field":"","2fast":"","élan":"","fullName":"","_id":"",
         "__proto__":"","a\"b":"","line\nfeed":null,
         "🙂":"","my_field":"","String":"","name":"","queue":"","batch":"","uniqueKey":"","NAME":"",
         "from_payload":"","Pusher":"",
         "pusher":{"class":""},"pusher!":{"pusher":{"pusher":""}}}
        """#

    @Test("payloads that do not fit are refused, each at its place")
    func invalid() throws {
        let payloads = [
            (#"{"reindex_page":1.5}"#, "/reindex_page"), (#"{"reindex_page":18446744073709551616}"#, "/reindex_page"),
            (#"{"reindex_page":null}"#, "/reindex_page"), (#"{"maybe_text":1}"#, "/maybe_text"),
            (#"{"names":["a",1]}"#, "/names/1"),
            (#"{"rows":[{"id":1,"parts":[{"id":"x"}]}]}"#, "/rows/0/parts/0/id"), (#"{"string":{}}"#, "/string"),
            (#"{"string":{"value":null}}"#, "/string/value"), (#"{"2fast":{"class":true}}"#, "/2fast/class"),
            (#"{"--":[]}"#, "/--"),
        ]
        let documents = Dictionary(uniqueKeysWithValues: payloads.enumerated().map { ("\($0.offset)", $0.element.0) })
        let answer = try SchemaValidator.check(documents, against: allTypes())
        for (index, (payload, place)) in payloads.enumerated() {
            #expect(answer.verdicts["\(index)"]?.mistakes.map(\.place) == [place], "\(payload)")
        }
    }

    @Test("each definition contains Zizq's options for the kind's jobs")
    func options() throws {
        let schema = try allTypes()
        let root = try #require(try JSONSerialization.jsonObject(with: Data(schema.utf8)) as? [String: Any])
        let definitions = try #require(root["$defs"] as? [String: [String: Any]])
        let deploy = try #require(definitions["deploy_branch"]?["x-zizq"] as? [String: Any])
        #expect(deploy["queue"] as? String == "deploys")
        #expect(deploy["priority"] as? Int == 100)
        #expect(deploy["backoff"] as? [String: Int] == ["base_ms": 1000, "exponent": 2, "jitter_ms": 500])
        #expect(definitions["deploy_branch"]?["title"] as? String == "DeployBranch")
    }
}

/// A schema for documents with at most one payload of each kind, under the kind's name.
enum KindSchema {
    static func takingOneOfEach(_ file: String) throws -> String {
        let kinds = DeclaredKinds([RouteFile(name: "kinds.yaml", bytes: Array(file.utf8))])
        #expect(kinds.problems.map(\.description) == [])
        let printed = Data(try kinds.source(in: .jsonSchema).utf8)
        var schema = try #require(try JSONSerialization.jsonObject(with: printed) as? [String: Any])
        let names = try #require(schema["$defs"] as? [String: Any]).keys
        var properties: [String: Any] = [:]
        for name in names {
            let fragment = try #require(name.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
            properties[name] = ["$ref": "#/$defs/\(fragment)"]
        }
        schema["properties"] = properties
        return String(decoding: try JSONSerialization.data(withJSONObject: schema), as: UTF8.self)
    }
}
