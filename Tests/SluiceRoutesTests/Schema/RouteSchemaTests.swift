import Foundation
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes
import Testing

/// The schema has the keys of the language, each at its place and explained.
@Suite(.serialized) struct RouteSchemaTests {
    typealias JSONObject = [String: Any]

    private let root: JSONObject

    init() throws {
        root = try #require(try JSONSerialization.jsonObject(with: Data(RouteSchema.document.utf8)) as? JSONObject)
    }

    private var definitions: JSONObject { root["$defs"] as? JSONObject ?? [:] }

    private func mapping(_ name: String) throws -> JSONObject {
        if name == "route_file" { return root }
        return try #require(definitions[name] as? JSONObject, "\(name)")
    }

    private func properties(_ name: String) throws -> [String: JSONObject] {
        try #require(try mapping(name)["properties"] as? [String: JSONObject], "\(name)")
    }

    @Test("it names its version")
    func header() {
        #expect(root["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
        #expect(root["$id"] as? String == "urn:sluice:route-file")
        #expect(root["title"] as? String == "Sluice route file")
    }

    @Test("each mapping of the language has its keys in it, with their meanings, and no others")
    func keys() throws {
        for table in RouteLanguage.mappings {
            let properties = try properties(table.name)
            #expect(properties.keys.sorted() == table.keys.sorted(), "\(table.noun)")
            #expect(try mapping(table.name)["type"] as? String == "object")
            #expect(try mapping(table.name)["additionalProperties"] as? Bool == false)
            for (key, schema) in properties {
                let meaning = try #require(schema["description"] as? String)
                #expect(meaning == table.rows.first { $0.name == key }?.plainMeaning)
                #expect(meaning.hasSuffix(".") && meaning.count > 10, "\(table.noun): \(key): \(meaning)")
            }
        }
    }

    @Test("a key that can be anything is one of those that can")
    func values() throws {
        var open: [String] = []
        for table in RouteLanguage.mappings {
            open += try properties(table.name).filter {
                Set($0.value.keys).isSubset(of: ["description", "default", "examples"])
            }
            .map { "\(table.name).\($0.key)" }
        }
        #expect(open.sorted() == ["example.body", "expected_job.payload", "expected_reply.body", "sample.body"])
    }

    @Test("it has only the mappings of the language, and nothing that is not referred to")
    func definitionsAreUsed() throws {
        let tables = RouteLanguage.mappings
        let closed = definitions.filter { ($0.value as? JSONObject)?["additionalProperties"] as? Bool == false }
        #expect(closed.keys.sorted() == tables.map(\.name).filter { $0 != "route_file" }.sorted())
        let references = RouteSchema.document.matches(of: /"\$ref": "#\/\$defs\/([a-z_]+)"/).map { String($0.1) }
        #expect(Set(references) == Set(definitions.keys))
    }

    @Test(
        "each mapping is in its place",
        arguments: [
            ("route_file", ["properties", "routes", "items"], "route"),
            ("route_file", ["properties", "kinds", "additionalProperties", "then"], "kind"),
            ("route", ["properties", "jobs", "items"], "job_rule"),
            ("route", ["properties", "verify", "then", "else"], "verify"),
            ("route", ["properties", "verify", "then", "then", "items"], "verify"),
            ("verify", ["properties", "jwt"], "jwt"), ("jwt", ["properties", "body_hash"], "jwt_digest"),
            ("route", ["properties", "secrets", "items"], "secret"), ("route", ["properties", "rate"], "rate"),
            ("route", ["properties", "reply"], "reply"), ("route", ["properties", "examples", "items"], "example"),
            ("job_rule", ["properties", "when"], "conditions"), ("job_rule", ["properties", "backoff"], "backoff"),
            ("job_rule", ["properties", "retention"], "retention"), ("job_rule", ["properties", "batch"], "batch"),
            ("job_rule", ["properties", "budgets", "items", "else"], "budget"),
            ("kind", ["properties", "backoff"], "backoff"),
            ("kind", ["properties", "retention"], "retention"), ("kind", ["properties", "batch"], "batch"),
            ("kind", ["properties", "budgets", "items", "else"], "budget"),
            ("budget", ["properties", "create_with"], "budget_policy"),
            ("conditions", ["properties", "not"], "conditions"),
            ("conditions", ["properties", "any", "items"], "conditions"),
            ("example", ["properties", "expect"], "expectation"),
            ("expectation", ["properties", "jobs", "items"], "expected_job"),
            ("expectation", ["properties", "reply"], "expected_reply"),
        ])
    func places(name: String, path: [String], expected: String) throws {
        var place: JSONObject? = try mapping(name)
        for step in path { place = place?[step] as? JSONObject }
        #expect(place?["$ref"] as? String == "#/$defs/\(expected)")
    }

    @Test("each pattern is a regular expression")
    func patterns() throws {
        let patterns = RouteSchema.document.matches(of: /"pattern": ("(?:[^"\\]|\\.)*")/).map { String($0.1) }
        #expect(patterns.count > 20)
        for pattern in patterns {
            let text = try #require(try JSONDecoder().decode([String].self, from: Data("[\(pattern)]".utf8)).first)
            #expect(throws: Never.self) { try NSRegularExpression(pattern: text) }
        }
    }

    @Test("it is the same each time, and laid out for people")
    func layout() {
        #expect(RouteSchema.document == RouteSchema.document)
        #expect(RouteSchema.document.hasPrefix("{\n  \"$schema\": "))
        #expect(RouteSchema.document.contains("\n      \"required\": [\"path\", \"jobs\"],\n"))
    }
}
