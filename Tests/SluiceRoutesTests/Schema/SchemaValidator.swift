import Foundation
import SluiceRouteFiles
import SluiceRouteTools
import SluiceRoutes

/// A validator that knows nothing of how the schema was made: `jsonschema` for Python, of the package
/// python3-jsonschema.
enum SchemaValidator {
    /// What it has to say about a document, where nothing is wrong too.
    struct Verdict: Decodable {
        let mistakes: [Mistake]
    }

    struct Mistake: Decodable, CustomStringConvertible {
        /// A JSON pointer into the document.
        let place: String
        let message: String
        /// The mapping of the language that does not have the key; empty for any other mistake.
        let mapping: String

        var description: String { "\(place): \(message)" }
    }

    struct Answer: Decodable {
        let verdicts: [String: Verdict]
        /// `mapping.key` of all that no document has.
        let unused: [String]
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Checks a schema itself, and documents against it.
    ///
    /// - Parameters:
    ///   - documents: JSON by name.
    ///   - schema: JSON, with `properties` at its root.
    static func check(_ documents: [String: String], against schema: String = RouteSchema.document) throws -> Answer {
        let folder = try TemporaryFolder()
        let members = documents.map { name, json in "\"\(name)\": \(json)" }
        try folder.write("request.json", "{\"schema\": \(schema), \"documents\": {\(members.joined(separator: ","))}}")
        let process = Process()
        let (output, errors) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["-I", "-c", script, "\(folder.path)/request.json"]
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "the validator fails; it is installed by 'make test-deps':\n\(complaint)")
        }
        return try JSONDecoder().decode(Answer.self, from: answer)
    }

    private static let script = """
        import json, sys
        from jsonschema import Draft202012Validator, validators

        with open(sys.argv[1], encoding="utf-8") as file:
            request = json.load(file)
        schema = request["schema"]
        Draft202012Validator.check_schema(schema)

        mappings = {"route_file": schema}
        mappings.update((name, part) for name, part in schema["$defs"].items() if "properties" in part)
        names = {id(part): name for name, part in mappings.items()}
        owners = {id(part["properties"]): name for name, part in mappings.items()}
        used = set()

        def properties(validator, value, instance, part):
            if id(value) in owners and validator.is_type(instance, "object"):
                used.update((owners[id(value)], key) for key in instance)
            yield from Draft202012Validator.VALIDATORS["properties"](validator, value, instance, part)

        validator = validators.extend(Draft202012Validator, {"properties": properties})(schema)

        def mistake(error):
            place = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in error.absolute_path)
            mapping = names.get(id(error.schema), "") if error.validator == "additionalProperties" else ""
            return {"place": place, "message": error.message, "mapping": mapping}

        verdicts = {
            name: {"mistakes": [mistake(error) for error in validator.iter_errors(document)]}
            for name, document in request["documents"].items()
        }
        unused = [
            name + "." + key for name, part in mappings.items() for key in part["properties"] if (name, key) not in used
        ]
        json.dump({"verdicts": verdicts, "unused": unused}, sys.stdout)
        """
}
