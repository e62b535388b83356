/// Webhooks such as GitHub sends, cut down to about 2 KB.
enum GitHubSamples {
    /// The body of an event; nothing for one that there is no sample of.
    static func body(event: String) -> String? {
        switch event {
        case "push": push
        case "ping": ping
        default: nil
        }
    }

    private static let push = """
        {"ref":"refs/heads/main","before":"6113728f27ae82c7b1a177c8d03f9e96e0adf246",\
        "after":"59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5",\
        "repository":{"id":186853002,"node_id":"MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=","name":"hello",\
        "full_name":"octo/hello","private":false,\
        "owner":{"name":"octo","email":"octo@example.com","login":"octo","id":21031067,\
        "node_id":"MDQ6VXNlcjIxMDMxMDY3",\
        "url":"https://api.example.com/users/octo","type":"User","site_admin":false},\
        "html_url":"https://example.com/octo/hello",\
        "description":"A repository to try webhooks \
        with","fork":false,"url":"https://example.com/octo/hello","created_at":1557933565,\
        "updated_at":"2026-05-15T15:20:41Z","pushed_at":1763900498,"homepage":null,"size":0,"stargazers_count":0,\
        "watchers_count":0,\
        "language":"Swift","has_issues":true,"has_projects":true,"has_downloads":true,"has_wiki":true,\
        "forks_count":1,"archived":false,\
        "disabled":false,"open_issues_count":2,"license":null,"default_branch":"main","master_branch":"main"},\
        "pusher":{"name":"octo","email":"octo@example.com"},"sender":{"login":"octo","id":21031067,\
        "node_id":"MDQ6VXNlcjIxMDMxMDY3",\
        "url":"https://api.example.com/users/octo","type":"User","site_admin":false},"created":false,\
        "deleted":false,"forced":false,\
        "base_ref":null,"compare":"https://example.com/octo/hello/compare/6113728f27ae...59b20b8d5c6f","commits":[\
        {"id":"59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5","tree_id":"f9d2a07e9488b91af2641b26b9407fe22a451433",\
        "distinct":true,\
        "message":"Say hello to \\u00fcmlauts and \\ud83d\\ude80","timestamp":"2026-11-23T12:21:38+00:00",\
        "url":"https://example.com/octo/hello/commit/59b20b8d5c6f","author":{"name":"Octo",\
        "email":"octo@example.com","username":"octo"},\
        "committer":{"name":"Octo","email":"octo@example.com","username":"octo"},"added":["hello.swift"],"removed":[],\
        "modified":["README.md"]}],"head_commit":{"id":"59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5","distinct":true}}
        """

    private static let ping = """
        {"zen":"Keep it logically \
        awesome.","hook_id":109948940,"hook":{"type":"Repository","id":109948940,"name":"web","active":true,\
        "events":["push"],"config":{"content_type":"json","insecure_ssl":"0",\
        "url":"https://hooks.example.com/github"}},\
        "repository":{"id":186853002,"name":"hello","full_name":"octo/hello"},"sender":{"login":"octo","id":21031067}}
        """
}
